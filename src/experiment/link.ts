// The link: `#v=1&mode=generate&method=bild&...`, readable, every knob written, also those at their
// default, so that a link keeps its meaning when a default changes. decode never throws and never merges:
// each known key is read by its own rule into a fresh object; what cannot be read falls back to the
// default and is reported in words.

import { checkParam, defaultsOf, type ParamValue } from '../core/params.ts';
import { inOrder, ROLES, type Role } from '../core/roles.ts';
import { defaultCast } from './cast.ts';
import {
  checkpoints,
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
import { defaultExperiment, type Experiment, LIMITS } from './experiment.ts';
import { migrate, VERSION } from './migrations.ts';
import { parseFileId, parseLocalId } from './names.ts';

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
  const pairs = new URLSearchParams({
    v: String(VERSION),
    mode: experiment.mode,
    method: experiment.method,
  });
  for (const [key, value] of Object.entries(experiment.params)) pairs.set(key, String(value));
  // The two that can answer alone, and all others that take part.
  const roles = inOrder(['small', 'large', ...rolesIn(experiment)]);
  for (const key of [...roles, ...PLAIN_KEYS]) pairs.set(key, String(experiment[key]));
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

  const pairs = readPairs(text, problems);
  const version = pairs.get('v');
  pairs.delete('v');
  const from = migrate(pairs, version);
  if (from !== undefined) problems.push(from);

  const take = (key: string): string | undefined => {
    const value = pairs.get(key);
    pairs.delete(key);
    return value;
  };
  const pick = <T extends string>(
    key: string,
    ok: (v: string) => v is T,
    all: readonly string[],
    fallback: T,
  ): T => {
    const value = take(key);
    if (value === undefined) return fallback;
    if (ok(value)) return value;
    problems.push(`${key}=${shown(value)}: expected one of ${all.join(', ')}; using ${fallback}.`);
    return fallback;
  };
  const integer = (key: string, { min, max }: { min: number; max: number }, fallback: number) => {
    const value = take(key);
    if (value === undefined) return fallback;
    const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    problems.push(
      `${key}=${shown(value)}: expected an integer in [${min}, ${max}]; using ${fallback}.`,
    );
    return fallback;
  };

  const base = defaultExperiment;
  const mode = pick('mode', oneOf(modes), modes, base.mode);
  const known = methodsOf(mode);
  const method = pick('method', oneOf(known), known, defaultMethodOf(mode));
  const params: Record<string, ParamValue> = {};
  const table = methods[method].params;
  const defaults = defaultsOf(table);
  for (const [key, spec] of Object.entries(table)) {
    const value = take(key);
    const fallback = defaults[key] as ParamValue;
    if (value === undefined) {
      params[key] = fallback;
      continue;
    }
    const checked = checkParam(spec, value);
    params[key] = checked.ok ? checked.value : fallback;
    if (!checked.ok) {
      problems.push(`${key}=${shown(value)}: ${checked.expected}; using ${fallback}.`);
    }
  }
  const task = pick('task', isTaskId, Object.keys(taskList), base.task);
  const ids = [...Object.keys(checkpoints), 'local:<sha256>:<name>'];
  const sources = ['task', 'file:<sha256>:<name>'];
  const usual = defaultCast(method, task);
  const cast = ROLES.map((role) => [role, pick(role, isCheckpoint, ids, usual[role])] as const);
  const experiment: Experiment = {
    mode,
    method,
    params,
    ...(Object.fromEntries(cast) as Record<Role, string>),
    data: pick('data', isSource, sources, base.data),
    task,
    difficulty: integer('difficulty', taskList[task].difficulty, taskList[task].difficulty.default),
    prompt: readPrompt(take('prompt'), problems),
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
  for (const key of pairs.keys()) problems.push(`${shown(key)}: no such setting; ignored.`);
  return { experiment, problems, ...(digest && isDigest(digest) ? { digest } : {}) };
}

/** Whether one of one's own is here, nobody can say from the link alone. */
const isCheckpoint = (id: string): id is string =>
  isCheckpointId(id) || parseLocalId(id) !== undefined;
const isSource = (id: string): id is string => id === 'task' || parseFileId(id) !== undefined;

const PROVIDERS = ['auto', 'wasm', 'webgpu'] as const;
const KERNELS = ['auto', 'cpu', 'webgpu'] as const;

function oneOf<T extends string>(values: readonly T[]): (v: string) => v is T {
  return (v): v is T => (values as readonly string[]).includes(v);
}

/** Later duplicates are reported, and the first counts. */
function readPairs(text: string, problems: string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(text)) {
    if (pairs.has(key)) problems.push(`${shown(key)}: given twice; the first counts.`);
    else pairs.set(key, value);
  }
  return pairs;
}

function readPrompt(value: string | undefined, problems: string[]): string {
  if (value === undefined) return defaultExperiment.prompt;
  const { max } = LIMITS.prompt;
  if (value.length <= max) return value;
  problems.push(`prompt: ${value.length} characters, cut to the first ${max}.`);
  return value.slice(0, max);
}

/** Foreign text as it may be shown: short, and without control or direction-changing characters. */
function shown(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '\u{fffd}');
  return clean.length > 60 ? `${clean.slice(0, 60)}…` : clean;
}
