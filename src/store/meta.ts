// What is written beside the files of a record, checked when it is read: it may come from an older or newer page.

import * as v from 'valibot';
import { INPUT_ROLES, OUTPUT_ROLES } from '../core/modelCard.ts';
import { cleanName } from '../experiment/names.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const time = v.pipe(v.number(), v.finite());
const name = v.pipe(v.string(), v.transform(cleanName));

const checkpoint = v.object({
  name,
  bytes: count,
  parameters: count,
  step: count,
  scores: v.record(v.string(), v.number()),
  measuredAt: count,
  base: v.string(),
  recipe: v.string(),
  saved: time,
  deleted: v.exactOptional(time),
  origin: v.exactOptional(v.picklist(['dropped', 'hub'])),
  source: v.exactOptional(v.string()),
  sha256: v.exactOptional(v.record(v.string(), v.string())),
  original: v.exactOptional(v.string()),
  ports: v.exactOptional(v.record(v.string(), v.picklist([...INPUT_ROLES, ...OUTPUT_ROLES]))),
});
export type CheckpointMeta = Readonly<v.InferOutput<typeof checkpoint>>;

const data = v.object({ name, bytes: count, saved: time, deleted: v.exactOptional(time) });
export type DataMeta = Readonly<v.InferOutput<typeof data>>;

const few = v.pipe(v.string(), v.maxLength(200));
const place = v.object({
  provider: v.picklist(['wasm', 'webgpu']),
  kernels: v.picklist(['cpu', 'webgpu']),
  adapter: few,
  build: few,
});
const run = v.object({
  name,
  recipe: v.string(),
  outcome: v.picklist(['completed', 'stopped', 'failed']),
  started: time,
  place,
  result: few,
  speed: few,
  speedUp: few,
  bytes: count,
  saved: time,
  pinned: v.boolean(),
  deleted: v.exactOptional(time),
});
export type RunMeta = Readonly<v.InferOutput<typeof run>>;

const state = v.object({
  slot: v.picklist(['a', 'b']),
  step: count,
  sha256: v.string(),
  bytes: count,
  saved: time,
});
const training = v.object({
  /** The experiment, as a link's fragment. */
  recipe: v.string(),
  steps: count,
  now: state,
  /** The one before, should the bytes of `now` be damaged. */
  before: v.exactOptional(state),
});
export type StateMeta = Readonly<v.InferOutput<typeof state>>;
export type TrainingMeta = Readonly<v.InferOutput<typeof training>>;

/** A file of a download; its parts so far are what lies in its folder. */
const wanted = v.object({
  path: v.string(),
  bytes: v.exactOptional(count),
  sha256: v.exactOptional(v.string()),
  /** What the server called this version of it when the download began. */
  etag: v.exactOptional(v.string()),
});
const download = v.object({
  address: v.string(),
  files: v.array(wanted),
  saved: time,
});
export type WantedFile = Readonly<v.InferOutput<typeof wanted>>;
export type DownloadMeta = Readonly<v.InferOutput<typeof download>>;

const checked =
  <T>(schema: v.GenericSchema<unknown, T>) =>
  (value: unknown): T | undefined => {
    const { success, output } = v.safeParse(schema, value);
    return success ? output : undefined;
  };

export const checkpointMeta = checked(checkpoint);
export const dataMeta = checked(data);
export const runMeta = checked(run);
export const trainingMeta = checked(training);
export const downloadMeta = checked(download);
