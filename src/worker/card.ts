// A checkpoint's card and its pre-flight, made where its files are.

import { UserError } from '../core/errors.ts';
import type { FileCard, ModelCard, PortRoles } from '../core/modelCard.ts';
import type { JoinVerdict, MeasuredMemory } from '../core/preflight.ts';
import { checkpointTitle, isCheckpointId, methods } from '../experiment/catalogue.ts';
import { besideOf, canonical, isCanonical, MODEL_PATH } from '../models/canonical.ts';
import { cardOf, tryTraining } from '../models/card.ts';
import { type CheckpointFolder, readJson, readText } from '../models/folder.ts';
import { checkOnnx } from '../models/onnxFile.ts';
import { type Machine, preflight } from '../models/preflight.ts';
import { signatureOf } from '../models/signatureOf.ts';
import { checkShared, type Speaker } from '../models/vocabulary.ts';
import { readModel } from '../onnx/model.ts';
import { summarize } from '../onnx/summary.ts';
import { digestOf } from '../store/digest.ts';
import type { KeptFolder } from '../store/store.ts';
import type { Errand, FromWorker, Hardware } from './protocol.ts';
import { readTexts } from './trainRoom.ts';

type Card = Extract<Errand, { readonly type: 'card' }>;
type FolderOf = (id: string) => Promise<CheckpointFolder>;

/** Building a training graph to see if it can be built takes seconds beyond this. Bytes of the ONNX file. */
const TRIED = 64 * 2 ** 20;
const NOT_RUN = 'It cannot be run here.';
const TRY = { rank: 1, alpha: 1, targets: 'all', seed: 0 } as const;

const isKept = (folder: CheckpointFolder): folder is CheckpointFolder & KeptFolder =>
  'about' in folder;

export async function readCard(
  { request, checkpoint, others }: Card,
  folderOf: FolderOf,
  hardware: () => Promise<Hardware>,
  measured?: MeasuredMemory,
): Promise<Extract<FromWorker, { readonly type: 'card' }>> {
  const given = await folderOf(checkpoint);
  const folder = await canonical(given);
  const texts = await readTexts(checkpoint, folder);
  const bytes = new Uint8Array(await folder.read(MODEL_PATH));
  checkOnnx(bytes, `${folder.name}/${MODEL_PATH}`);
  // A file beside it that is missing is said now, not when it is loaded.
  await besideOf(folder, bytes);
  const summary = summarize(readModel(bytes));
  const facts = { name: texts.name, contextLength: texts.config.contextLength };
  const small = bytes.length <= TRIED && summary.external.length === 0;
  const [fully, lora] = small ? [tryTraining(bytes), tryTraining(bytes, TRY)] : [];
  const names = isCanonical(folder) ? folder.names() : new Map<string, string>();
  const own = new Map([...names].map(([name, usual]) => [usual, name]));
  const tried = { ...(fully && { fully }), ...(lora && { lora }) };
  const verdict = preflight(facts, summary, machineOf(await hardware()), tried, own);
  const readme = folder.files?.has('README.md') ? await readText(folder, 'README.md') : undefined;
  const card = cardOf({
    name: texts.name,
    summary,
    mapping: verdict.mapping,
    chosen: given.ports !== undefined,
    files: await filesOf(given, new Map(texts.files).set(MODEL_PATH, bytes)),
    config: await readJson(folder, 'config.json'),
    decoder: texts.config,
    tokenizer: texts.tokenizer,
    tokenizerJson: await readJson(folder, 'tokenizer.json'),
    chatTemplate: texts.chat !== undefined,
    ...(readme !== undefined && { readme }),
    about: await aboutOf(checkpoint, given, bytes),
  });
  const runs = verdict.gpu.can || verdict.cpu.can;
  const joins: JoinVerdict[] = [];
  for (const other of new Set(others)) {
    if (other === checkpoint) continue;
    const join = await joinWith(texts, other, folderOf);
    joins.push(runs ? join : { ...join, can: false, methods: [], why: NOT_RUN });
  }
  const preflighted = { ...verdict, joins, ...(measured && { measured }) };
  return { type: 'card', request, card, preflight: preflighted };
}

/** @throws UserError 'checkpoint' when a checkpoint cannot be run with this */
export async function checkPorts(
  id: string,
  given: CheckpointFolder,
  ports: PortRoles,
): Promise<void> {
  const folder = await canonical({ ...given, ports });
  const bytes = new Uint8Array(await folder.read(MODEL_PATH));
  signatureOf(checkpointTitle(id), summarize(readModel(bytes)));
}

function machineOf({ deviceClass, why, features, limits }: Hardware): Machine {
  const usable = deviceClass === 'real' || deviceClass === 'software';
  if (!usable || !limits) return { whyNoGpu: why };
  return { gpu: { f16: features.includes('shader-f16'), ...limits } };
}

async function filesOf(
  folder: CheckpointFolder,
  read: ReadonlyMap<string, Uint8Array>,
): Promise<FileCard[]> {
  const { files, blob } = folder;
  if (!files || !blob) return [...read].map(([path, { length }]) => ({ path, bytes: length }));
  return Promise.all([...files].map(async (path) => ({ path, bytes: (await blob(path)).size })));
}

async function aboutOf(
  id: string,
  folder: CheckpointFolder,
  model: Uint8Array<ArrayBuffer>,
): Promise<Pick<ModelCard, 'stored'> & Partial<Pick<ModelCard, 'licence' | 'source' | 'sha256'>>> {
  if (!isKept(folder)) {
    const sha256 = await digestOf(new Blob([model]));
    const ours = isCheckpointId(id) && { licence: 'MIT', source: 'trained by this project' };
    return { stored: 'built in', sha256, ...ours };
  }
  const { about } = folder;
  const known = about.sha256?.[MODEL_PATH];
  const origin =
    about.source ??
    (about.base === ''
      ? 'dropped onto this page'
      : `trained here from ${checkpointTitle(about.base)}`);
  return {
    stored: 'browser',
    source: origin,
    sha256: known ?? (await digestOf(new Blob([model]))),
  };
}

/** Which methods two checkpoints can run together. */
async function joinWith(one: Speaker, id: string, folderOf: FolderOf): Promise<JoinVerdict> {
  const name = checkpointTitle(id);
  try {
    const other = await readTexts(id, await folderOf(id));
    let why = '';
    try {
      checkShared(one, other);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      why = error.message;
    }
    const titles = together(why === '');
    return {
      with: name,
      sharedVocabulary: why === '',
      can: titles.length > 0,
      why,
      methods: titles,
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { with: name, sharedVocabulary: false, can: false, why: error.message, methods: [] };
  }
}

/** Titles of methods with two models, or with a tokenizer of its own for one of them. */
function together(shared: boolean): string[] {
  return Object.values(methods)
    .filter((method) => {
      const params = Object.fromEntries(
        Object.entries(method.params).map(([k, s]) => [k, s.default]),
      );
      const roles = method.roles(params);
      const own = method.ownVocabulary ?? [];
      const bound = roles.filter((role) => !own.includes(role));
      return roles.length >= 2 && (shared || bound.length <= 1);
    })
    .map(({ title }) => title);
}
