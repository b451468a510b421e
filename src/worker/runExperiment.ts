// A run, whole: experiment and room in, events out. The same generator feeds the page (through the worker)
// and the command line.
//
// generate: the method's tokens one by one, and then the large model alone on the same prompt, so that the
// speed-up on the screen was measured in this run. evaluate and sweep: see evaluate.ts.

import { algorithms } from '../algorithms/index.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import type { DecodeEvent, RunEvent } from '../core/events.ts';
import { defaultsOf } from '../core/params.ts';
import { type ByRole, ROLES, type Role } from '../core/roles.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { checkContext } from './context.ts';
import { evaluate } from './evaluate.ts';
import { type Generation, generate, generateQuietly, type Stopped } from './generation.ts';
import { readPrompt } from './prompt.ts';
import { type Method, methodOf } from './roles.ts';
import type { Room } from './room.ts';

/** How often a short text is repeated for its timing, and how long that may take. */
const ROUNDS = { most: 9, least: 3, budgetMs: 800, longestMs: 3000 } as const;

const alone = (model: Role): Method => ({
  algorithm: algorithms.greedy as AnyAlgorithm,
  params: { model },
});

/** The large model by itself; it draws as the method draws, if the method does. */
function yardstickOf(params: Method['params']): Method {
  if (params.temperature === undefined) return alone('large');
  const known = Object.entries(params).filter(([key]) => key in algorithms.sample.params);
  return {
    algorithm: algorithms.sample as AnyAlgorithm,
    params: {
      ...defaultsOf(algorithms.sample.params),
      ...Object.fromEntries(known),
      model: 'large',
    },
  };
}

/**
 * @param stopped asked between the events of a generation that nobody watches
 * @throws UserError 'prompt', 'context', 'logits', 'gpu'
 */
export function runExperiment(
  experiment: Experiment,
  room: Room,
  stopped: Stopped = () => false,
): AsyncGenerator<RunEvent, void, void> {
  return experiment.mode === 'generate'
    ? generateOne(experiment, room, stopped)
    : evaluate(experiment, room, stopped);
}

async function* generateOne(
  experiment: Experiment,
  room: Room,
  stopped: Stopped,
): AsyncGenerator<RunEvent, void, void> {
  const { algorithm, params } = methodOf(experiment);
  const roles = algorithm.roles(params);
  const prompt = await readPrompt(experiment, room, experiment.prompt);
  const { maxTokens, seed } = experiment;
  checkContext(room, roles, prompt.length, maxTokens);
  yield {
    type: 'prompt',
    pieces: prompt.map((id) => ({ id, text: room.tokenizer.piece(id) })),
    maxTokens,
  };

  const repeated = { ...methodOf(experiment), prompt, maxTokens, seed, run: 0 };
  const events = generate(room, repeated);
  let written: Generation;
  try {
    while (true) {
      const step = await events.next();
      if (step.done) {
        if (!step.value) return;
        written = step.value;
        break;
      }
      const { event, ms } = step.value;
      const piece = (id: number) => room.tokenizer.piece(id);
      const token = tokenOf(event);
      const texts = beamsOf(event)?.map((tokens) => tokens.map(piece).join(''));
      yield {
        type: 'decode',
        event,
        ms,
        ...(token !== undefined && { text: piece(token) }),
        ...(texts && { texts }),
      };
    }
  } finally {
    await events.return(undefined);
  }
  yield { type: 'generated', ...told(written) };

  if (roles.length > 1) {
    const request = { ...yardstickOf(params), prompt, maxTokens, seed, run: 0 };
    const yardstick = await generateQuietly(room, request, stopped);
    if (!yardstick) return;
    // A short text is over before the machine is warm, and method and yardstick ran one after the other:
    // let them take turns a few times more.
    const method: Generation[] = [];
    const large: Generation[] = [];
    const short = ROUNDS.least * (written.stats.ms + yardstick.stats.ms) <= ROUNDS.longestMs;
    const begun = performance.now();
    const inTime = () => performance.now() - begun < ROUNDS.budgetMs;
    while (short && method.length < ROUNDS.most && (method.length < ROUNDS.least || inTime())) {
      const own = await generateQuietly(room, repeated, stopped);
      const other = own && (await generateQuietly(room, request, stopped));
      if (!other) return;
      method.push(own);
      large.push(other);
    }
    const rounds = method.length;
    if (rounds === 0) {
      method.push(written);
      large.push(yardstick);
    }
    yield {
      type: 'baseline',
      ...told(yardstick),
      timing: { methodMs: typicalMs(method), largeMs: typicalMs(large), rounds },
      passMs: { ...typicalPasses(method), ...typicalPasses(large) },
    };
  }
  yield { type: 'completed' };
}

/**
 * Milliseconds of a generation that was made several times: the sum of each event's median, because a whole
 * round without one interruption by something else on the machine is rare.
 */
function typicalMs(rounds: readonly Generation[]): number {
  const events = rounds[0]?.eventMs ?? [];
  // Where two candidates are closer than rounding, a GPU may not write the same text twice.
  const same = rounds.every(({ eventMs }) => eventMs.length === events.length);
  if (!same) return median(rounds.map(({ stats }) => stats.ms));
  return events.reduce((sum, _, i) => sum + median(rounds.map((one) => one.eventMs[i] ?? 0)), 0);
}

/** Milliseconds of one cached one-token pass, of the models that made such passes alone. */
function typicalPasses(rounds: readonly Generation[]): ByRole<number> {
  const timesOf = (role: Role) => rounds.flatMap(({ passMs }) => passMs[role] ?? []);
  const timed = ROLES.filter((role) => timesOf(role).length > 0);
  return Object.fromEntries(timed.map((role) => [role, median(timesOf(role))]));
}

/** What the page is told of a generation. */
function told({ tokens, text, reason, stats }: Generation) {
  return { tokens, text, reason, stats };
}

/** The token that an event is about, if it is about one. */
function tokenOf(event: DecodeEvent): number | undefined {
  if (event.type === 'token') return event.token;
  if (event.type === 'handOver') return event.proposal?.token;
  return undefined;
}

/** The tokens of each beam that an event is about. */
function beamsOf(event: DecodeEvent): readonly (readonly number[])[] | undefined {
  if (event.type === 'beams') return event.tokens.map((token) => [token]);
  if (event.type === 'chunk') return event.candidates.map(({ tokens }) => tokens);
  return undefined;
}

/** 0 when there is nothing. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return sorted.length === 0
    ? 0
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
