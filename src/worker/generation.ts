// One generation: pulls an algorithm's events, keeps the time and counts the work. Time is the time inside
// next(); whoever pauses between events does not slow the method down.

import type { AnyAlgorithm } from '../core/algorithm.ts';
import type {
  DecodeEvent,
  FinishReason,
  GenerationStats,
  ModelWork,
  WorkByRole,
} from '../core/events.ts';
import type { LanguageModel } from '../core/languageModel.ts';
import type { ParamValue } from '../core/params.ts';
import type { ByRole, Role } from '../core/roles.ts';
import type { Room } from './room.ts';

export interface GenerationRequest {
  readonly algorithm: AnyAlgorithm;
  readonly params: Readonly<Record<string, ParamValue>>;
  /** Token ids. */
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly seed: number;
  readonly run: number;
}

/** A generation in the end. */
export interface Generation {
  /** New tokens, the end-of-text token included. */
  readonly tokens: readonly number[];
  readonly text: string;
  readonly reason: FinishReason;
  readonly stats: GenerationStats;
  /** Active milliseconds of each event, and of what came after the last. */
  readonly eventMs: readonly number[];
  /** Milliseconds of every event that took exactly one pass of that model over one position. */
  readonly passMs: ByRole<readonly number[]>;
}

export interface TimedEvent {
  readonly event: DecodeEvent;
  /** Active milliseconds since the event before. */
  readonly ms: number;
}

/** Asked between events; a promise gives the event loop a turn before the answer. */
export type Stopped = () => boolean | Promise<boolean>;

const IDLE: ModelWork = { passes: 0, positions: 0 };

/** Yields every event with its time; returns the whole (undefined when stopped). Models begin afresh. */
export async function* generate(
  room: Room,
  request: GenerationRequest,
): AsyncGenerator<TimedEvent, Generation | undefined, void> {
  const { drafts } = request.algorithm;
  const roles = request.algorithm.roles(request.params);
  for (const role of roles) modelOf(room, role).reset();
  const readBefore = room.ops.bytesReadBack;
  const tokens = [...request.prompt];
  const tally = { drafted: 0, accepted: 0, rolledBack: 0, fallbacks: 0, rollbacks: 0 };
  const passMs = new Map(roles.map((role) => [role, [] as number[]]));
  const eventMs: number[] = [];
  let reason: FinishReason = 'length';
  let ms = 0;
  let work = workOf(room, roles);

  const events = request.algorithm.decode({
    ...request,
    models: room.models,
    ...(room.text && { text: room.text }),
    ops: room.ops,
  });
  try {
    while (true) {
      const started = performance.now();
      const step = await events.next();
      const took = performance.now() - started;
      ms += took;
      eventMs.push(took);
      if (step.done) break;
      const event = step.value;
      const now = workOf(room, roles);
      const active = roles.filter((role) => now[role]?.passes !== work[role]?.passes);
      const [role] = active;
      if (role && active.length === 1 && isOneToken(work[role], now[role])) {
        passMs.get(role)?.push(took);
      }
      work = now;
      if (event.type === 'token') {
        tokens.push(event.token);
        if (drafts && event.by === 'small') tally.drafted++;
      } else if (event.type === 'handOver') {
        if (event.why === 'fallback') tally.fallbacks++;
      } else if (event.type === 'verdict' || event.type === 'speculation') {
        tally.accepted += event.accepted;
      } else if (event.type === 'rollback') {
        tokens.length = event.at;
        tally.rollbacks++;
        tally.rolledBack += event.removed.length;
      } else if (event.type === 'finished') {
        reason = event.reason;
      }
      yield { event, ms: took };
    }
  } finally {
    await events.return();
  }
  const added = tokens.slice(request.prompt.length);
  return {
    tokens: added,
    text: room.tokenizer.decode(added),
    reason,
    eventMs,
    passMs: Object.fromEntries(passMs),
    stats: {
      tokens: added.length,
      ms,
      ...work,
      ...tally,
      bytesReadBack: room.ops.bytesReadBack - readBefore,
    },
  };
}

/** A generation whose events nobody watches. Returns undefined once `stopped` says so. */
export async function generateQuietly(
  room: Room,
  request: GenerationRequest,
  stopped: Stopped,
): Promise<Generation | undefined> {
  const events = generate(room, request);
  try {
    while (!(await stopped())) {
      const step = await events.next();
      if (step.done) return step.value;
    }
    return undefined;
  } finally {
    // A generator that has returned ignores this; one that was stopped frees what its algorithm holds.
    await events.return(undefined);
  }
}

function modelOf(room: Room, role: Role): LanguageModel {
  const model = room.models[role];
  if (!model) throw new Error(`the ${role} model is not loaded`);
  return model;
}

function workOf(room: Room, roles: readonly Role[]): WorkByRole {
  const of = (role: Role): ModelWork => {
    const { passes, positions } = modelOf(room, role).count;
    return { passes, positions };
  };
  return {
    small: IDLE,
    large: IDLE,
    ...Object.fromEntries(roles.map((role) => [role, of(role)])),
  };
}

/** Was there exactly one pass over one position? */
const isOneToken = (before: ModelWork = IDLE, after: ModelWork = IDLE): boolean =>
  after.passes - before.passes === 1 && after.positions - before.positions === 1;
