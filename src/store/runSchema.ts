// What an event in a run's file must look like. One entry per event, so that a new event does not compile without one;
// what is read is made anew from the known fields, and nothing else of a file comes in.

import * as v from 'valibot';
import { USER_ERROR_CODES } from '../core/errors.ts';
import type { DecodeEvent, RunEvent } from '../core/events.ts';
import { ROLES, type Role } from '../core/roles.ts';
import type { TrainEvent } from '../core/trainEvents.ts';
import { rewarding } from './policySchema.ts';
import { count, real, reals, type Schemas, text } from './schemaParts.ts';

const role = v.picklist(ROLES);
const author = v.picklist([...ROLES, 'fused']);
const reason = v.picklist(['eos', 'length']);
const candidate = v.object({ token: count, prob: real });
const pair = v.object({ there: real, back: real });
const piece = v.object({ id: count, text });

const decoding = {
  token: v.object({ type: v.literal('token'), at: count, token: count, by: author, prob: real }),
  handOver: v.object({
    type: v.literal('handOver'),
    at: count,
    why: v.picklist(['fallback', 'draftCap', 'finalVerify']),
    proposal: v.exactOptional(candidate),
    pending: count,
  }),
  verdict: v.object({ type: v.literal('verdict'), at: count, distances: reals, accepted: count }),
  speculation: v.object({
    type: v.literal('speculation'),
    at: count,
    ratios: reals,
    uniforms: reals,
    accepted: count,
  }),
  fusion: v.object({
    type: v.literal('fusion'),
    at: count,
    alphas: reals,
    loss: real,
    moved: pair,
    wanted: v.array(pair),
    edge: v.exactOptional(v.picklist(['low', 'high'])),
  }),
  beams: v.object({
    type: v.literal('beams'),
    at: count,
    rows: v.array(count),
    tokens: v.array(count),
  }),
  chunk: v.object({
    type: v.literal('chunk'),
    round: count,
    at: count,
    candidates: v.array(
      v.object({
        row: count,
        parent: v.exactOptional(count),
        tokens: v.array(count),
        score: real,
        finished: v.boolean(),
        rank: v.exactOptional(count),
      }),
    ),
  }),
  winner: v.object({ type: v.literal('winner'), round: count, row: count, score: real }),
  rollback: v.object({ type: v.literal('rollback'), at: count, removed: v.array(count) }),
  finished: v.object({ type: v.literal('finished'), reason }),
} as const satisfies Schemas<DecodeEvent>;

const learning = {
  started: v.object({
    type: v.literal('started'),
    steps: count,
    done: count,
    parameters: count,
    batch: count,
    examples: v.exactOptional(count),
    heldOut: count,
  }),
  step: v.object({
    type: v.literal('step'),
    step: count,
    loss: real,
    tokens: count,
    read: count,
    learningRate: real,
    gradNorm: real,
  }),
  evaluated: v.object({
    type: v.literal('evaluated'),
    step: count,
    scores: v.record(text, real),
  }),
  diverged: v.object({
    type: v.literal('diverged'),
    step: count,
    what: v.picklist(['loss', 'gradient']),
  }),
  unsaved: v.object({ type: v.literal('unsaved'), step: count, why: text }),
  savedAgain: v.object({ type: v.literal('savedAgain'), step: count }),
  trained: v.object({ type: v.literal('trained'), step: count }),
} as const satisfies Schemas<TrainEvent>;

const work = v.object({ passes: count, positions: count });
const some = v.exactOptional(work);
const stats = v.object({
  tokens: count,
  ms: real,
  small: work,
  large: work,
  expert: some,
  expert2: some,
  expert3: some,
  antiExpert: some,
  tuned: some,
  untuned: some,
  drafted: count,
  accepted: count,
  rolledBack: count,
  fallbacks: count,
  rollbacks: count,
  bytesReadBack: count,
});
const byRole = Object.fromEntries(ROLES.map((one) => [one, v.exactOptional(real)])) as Record<
  Role,
  v.ExactOptionalSchema<typeof real, undefined>
>;
const written = { tokens: v.array(count), text, reason, stats };

const failure = v.object({
  code: v.picklist([...USER_ERROR_CODES, 'internal']),
  message: text,
  remedy: text,
  details: v.exactOptional(text),
});

/** By type. */
export const runEvents = {
  prompt: v.object({ type: v.literal('prompt'), pieces: v.array(piece), maxTokens: count }),
  decode: v.object({
    type: v.literal('decode'),
    event: v.variant('type', Object.values(decoding)),
    ms: real,
    text: v.exactOptional(text),
    texts: v.exactOptional(v.array(text)),
  }),
  generated: v.object({ type: v.literal('generated'), ...written }),
  baseline: v.object({
    type: v.literal('baseline'),
    ...written,
    timing: v.object({ methodMs: real, largeMs: real, rounds: count }),
    passMs: v.object(byRole),
  }),
  answer: v.object({
    type: v.literal('answer'),
    seed: count,
    index: count,
    contender: count,
    prompt: text,
    expected: text,
    text,
    reward: real,
    stats,
  }),
  withdrawn: v.object({ type: v.literal('withdrawn'), contender: count, failure }),
  train: v.object({
    type: v.literal('train'),
    event: v.variant('type', Object.values(learning)),
    ms: real,
    times: v.object({ data: real, gradients: real, update: real, evaluation: real }),
  }),
  policy: v.object({
    type: v.literal('policy'),
    event: v.variant('type', Object.values(rewarding)),
    ms: real,
    times: v.object({
      rollout: real,
      scoring: real,
      backward: real,
      update: real,
      own: real,
      evaluation: real,
    }),
  }),
  sample: v.object({
    type: v.literal('sample'),
    role: v.exactOptional(role),
    step: count,
    index: count,
    prompt: text,
    expected: text,
    text,
    correct: v.boolean(),
  }),
  kept: v.object({
    type: v.literal('kept'),
    role,
    checkpoint: v.object({
      id: text,
      name: text,
      bytes: count,
      parameters: count,
      step: count,
      scores: v.record(text, real),
      measuredAt: count,
      base: text,
      recipe: text,
      saved: real,
      deleted: v.exactOptional(real),
      temporary: v.exactOptional(v.boolean()),
    }),
  }),
  watched: v.object({
    type: v.literal('watched'),
    role,
    step: count,
    values: reals,
    gradients: reals,
    moved: v.exactOptional(real),
  }),
  failed: v.object({ type: v.literal('failed'), failure }),
  completed: v.object({ type: v.literal('completed') }),
} as const satisfies Schemas<RunEvent>;
