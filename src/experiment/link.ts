// The link: `#v=2&mode=generate&method=bild&...`, readable, every knob written, also those at their
// default, so that a link keeps its meaning when a default changes. decode never throws and never merges:
// each known key is read by its own rule into a fresh object; what cannot be read falls back to the
// default and is reported in words.

import { defaultsOf } from '../core/params.ts';
import { inOrder, ROLES, type Role } from '../core/roles.ts';
import {
  checkpoints,
  decodes,
  defaultMethodOf,
  isCheckpointId,
  isTaskId,
  methods,
  methodsOf,
  modes,
  rolesIn,
  taskList,
} from './catalogue.ts';
import { isDigest } from './digest.ts';
import { type DecodingId, defaultExperiment, type Experiment, LIMITS } from './experiment.ts';
import { readContenders, readSweep, theOne, writeContenders, writeSweep } from './linkCompare.ts';
import { readDials, readPins, writeDials, writePins } from './linkDials.ts';
import { readStudy, writeStudy } from './linkStudy.ts';
import { migrate, VERSION } from './migrations.ts';
import { parseFileId, parseLocalId } from './names.ts';
import { oneOf, reading, readPairs, shown } from './pairs.ts';
import { usualCast } from './recast.ts';

/** Longest link that is read, in characters. */
export const MAX_LINK = 16_384;

export interface Decoded {
  readonly experiment: Experiment;
  /** One sentence for each thing that was ignored or replaced. */
  readonly problems: readonly string[];
  /** Digest of the sender's tokens, when the link carries one. */
  readonly digest?: string;
}

/** The fragment, with its `#`. */
export function encode(experiment: Experiment, digest?: string): string {
  const { mode, method, params, contenders, sweep, study, dials } = experiment;
  const pairs = new URLSearchParams({ v: String(VERSION), mode });
  if (mode === 'evaluate') {
    writeContenders(contenders, pairs);
  } else if (mode === 'parameters') {
    writeDials(dials, pairs);
  } else if (mode === 'study') {
    writeStudy(study, pairs);
  } else {
    pairs.set('method', method);
    for (const [key, value] of Object.entries(params)) pairs.set(key, String(value));
  }
  if (mode === 'sweep') writeSweep(sweep, pairs);
  if (mode === 'train' && dials.pins.length > 0) writePins(dials, pairs);
  // The two that can answer alone, and all others that take part.
  const roles = inOrder(['small', 'large', ...rolesIn(experiment)]);
  for (const key of [...roles, ...PLAIN_KEYS]) pairs.set(key, String(experiment[key]));
  if (decodes(mode)) pairs.set('promptAs', experiment.promptAs);
  if (digest) pairs.set('digest', digest);
  return `#${pairs}`;
}

const PLAIN_KEYS = [
  'data',
  'task',
  'difficulty',
  'prompt',
  'maxTokens',
  'problems',
  'seed',
  'provider',
  'kernels',
] as const satisfies readonly (keyof Experiment)[];

export function decode(hash: string): Decoded {
  const problems: string[] = [];
  const text = hash.replace(/^#/, '');
  if (text.length > MAX_LINK) {
    problems.push(
      `The link has ${text.length} characters; at most ${MAX_LINK} are read, so all of it was ignored.`,
    );
    return { experiment: defaultExperiment, problems };
  }
  if (text === '') return { experiment: defaultExperiment, problems };

  const written = readPairs(text, problems);
  const version = written.get('v');
  written.delete('v');
  const from = migrate(written, version);
  if (from !== undefined) problems.push(from);

  const pairs = reading(written, problems);
  const { pick, integer, take } = pairs;
  const base = defaultExperiment;
  const mode = pick('mode', oneOf(modes), modes, base.mode);
  // What is turned has no method of its own.
  const turned = mode === 'parameters';
  const listed = mode === 'evaluate' ? readContenders(pairs) : undefined;
  const known = methodsOf(mode);
  const method =
    listed || turned
      ? base.method
      : mode === 'study'
        ? defaultMethodOf(mode)
        : pick('method', oneOf(known), known, defaultMethodOf(mode));
  const compares = mode === 'study';
  const params =
    listed || turned
      ? base.params
      : compares
        ? defaultsOf(methods[method].params)
        : pairs.knobs(methods[method].params);
  const task = pick('task', isTaskId, Object.keys(taskList), base.task);
  const ids = [...Object.keys(checkpoints), 'local:<sha256>:<name>'];
  const sources = ['task', 'file:<sha256>:<name>'];
  const compared = mode === 'evaluate';
  const contenders = compared ? (listed ?? theOne(method as DecodingId, params)) : base.contenders;
  const usual = usualCast({ mode, method, contenders, task });
  const cast = ROLES.map((role) => [role, pick(role, isCheckpoint, ids, usual[role])] as const);
  const experiment: Experiment = {
    mode,
    // An evaluation's method is among its contenders.
    ...(compared ? { method: base.method, params: base.params } : { method, params }),
    contenders,
    dials: turned
      ? readDials(pairs)
      : mode === 'train'
        ? { ...base.dials, ...readPins(pairs) }
        : base.dials,
    study: compares ? readStudy(pairs) : base.study,
    sweep: mode === 'sweep' ? readSweep(method as DecodingId, pairs) : base.sweep,
    ...(Object.fromEntries(cast) as Record<Role, string>),
    data: pick('data', isSource, sources, base.data),
    task,
    difficulty: integer('difficulty', taskList[task].difficulty, taskList[task].difficulty.default),
    prompt: pairs.text('prompt', LIMITS.prompt.max, base.prompt),
    promptAs: pick('promptAs', oneOf(PROMPT_FORMS), PROMPT_FORMS, base.promptAs),
    maxTokens: integer('maxTokens', LIMITS.maxTokens, base.maxTokens),
    problems: integer('problems', LIMITS.problems, base.problems),
    seed: integer('seed', LIMITS.seed, base.seed),
    provider: pick('provider', oneOf(PROVIDERS), PROVIDERS, base.provider),
    kernels: pick('kernels', oneOf(KERNELS), KERNELS, base.kernels),
  };
  const digest = take('digest');
  if (digest !== undefined && !isDigest(digest)) {
    problems.push('digest: not a digest of tokens; ignored.');
  }
  for (const key of pairs.rest()) problems.push(`${shown(key)}: no such setting; ignored.`);
  return { experiment, problems, ...(digest && isDigest(digest) ? { digest } : {}) };
}

/** Whether one of one's own is here, nobody can say from the link alone. */
const isCheckpoint = (id: string): id is string =>
  isCheckpointId(id) || parseLocalId(id) !== undefined;
const isSource = (id: string): id is string => id === 'task' || parseFileId(id) !== undefined;

const PROMPT_FORMS = ['text', 'chat'] as const;
const PROVIDERS = ['auto', 'wasm', 'webgpu'] as const;
const KERNELS = ['auto', 'cpu', 'webgpu'] as const;
