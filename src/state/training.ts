// A training as the charts and tables see it: one point per step, one per evaluation, where the time went, and
// what the model wrote for the same prompts as it learned. Functions of the run's events.

import type { RunEvent } from '../core/events.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import type { Role } from '../core/roles.ts';
import type { TrainTimes } from '../core/trainEvents.ts';
import { wilson } from '../core/wilson.ts';
import { derived } from './derive.ts';
import type { Run } from './run.ts';

export interface StepPoint {
  readonly step: number;
  /** Nats per token, of the weights before the step. */
  readonly loss: number;
  /** The same, averaged over the steps before with weights that halve every ten steps. */
  readonly smooth: number;
  readonly learningRate: number;
  readonly gradNorm: number;
}

export interface EvaluationPoint {
  readonly step: number;
  /** Nats per token on examples that are not learned from. */
  readonly loss: number;
  /** Share of held-out problems that are right, with its 95 % interval (Wilson). */
  readonly accuracy: number;
  readonly interval: readonly [number, number];
}

type Sample = Extract<RunEvent, { readonly type: 'sample' }>;

export interface SampleRow {
  readonly index: number;
  readonly prompt: string;
  readonly expected: string;
  /** Oldest first. */
  readonly written: readonly {
    readonly step: number;
    readonly text: string;
    readonly correct: boolean;
  }[];
}

export interface Training {
  readonly steps: number;
  readonly step: number;
  readonly parameters: number;
  readonly batch: number;
  /** Distinct examples; absent for a task, which has no end. */
  readonly examples?: number;
  readonly heldOut: number;
  readonly points: readonly StepPoint[];
  readonly evaluations: readonly EvaluationPoint[];
  readonly samples: readonly SampleRow[];
  /** Milliseconds, added up. */
  readonly times: TrainTimes;
  /** Tokens read per second of training, evaluations left out. */
  readonly tokensPerSecond?: number;
  /** At the rate so far; absent in the beginning and at the end. */
  readonly msLeft?: number;
  readonly diverged?: { readonly step: number; readonly what: 'loss' | 'gradient' };
  /** Since when nothing is put aside. */
  readonly unsaved?: { readonly step: number; readonly why: string };
  readonly kept?: KeptCheckpoint;
}

const HALF_LIFE = 10;

export const training = derived(compute);

function compute(run: Run): Training {
  const points: StepPoint[] = [];
  const evaluations: EvaluationPoint[] = [];
  const times = { data: 0, gradients: 0, update: 0, evaluation: 0 };
  let first = { steps: 0, parameters: 0, batch: 0, heldOut: 0 } as Partial<Training> &
    Pick<Training, 'steps' | 'parameters' | 'batch' | 'heldOut'>;
  let read = 0;
  let diverged: Training['diverged'];
  let unsaved: Training['unsaved'];
  let kept: KeptCheckpoint | undefined;
  const decay = 0.5 ** (1 / HALF_LIFE);
  let sum = 0;
  let weight = 0;
  for (const event of run.events) {
    if (event.type === 'kept') kept = event.checkpoint;
    if (event.type !== 'train') continue;
    for (const key of Object.keys(times) as (keyof TrainTimes)[]) times[key] += event.times[key];
    const news = event.event;
    switch (news.type) {
      case 'started': {
        const { steps, parameters, batch, heldOut, examples } = news;
        first = { steps, parameters, batch, heldOut, ...(examples !== undefined && { examples }) };
        break;
      }
      case 'step': {
        sum = decay * sum + news.loss;
        weight = decay * weight + 1;
        read += news.read;
        const { step, loss, learningRate, gradNorm } = news;
        points.push({ step, loss, smooth: sum / weight, learningRate, gradNorm });
        break;
      }
      case 'evaluated':
        evaluations.push(evaluationOf(news.step, news.scores, run.experiment.problems));
        break;
      case 'diverged':
        diverged = { step: news.step, what: news.what };
        break;
      case 'unsaved':
        unsaved = { step: news.step, why: news.why };
        break;
      case 'savedAgain':
        unsaved = undefined;
        break;
      default:
    }
  }
  const step = points.at(-1)?.step ?? 0;
  const learning = times.data + times.gradients + times.update;
  const all = learning + times.evaluation;
  const left = step > 0 && step < first.steps ? (all / points.length) * (first.steps - step) : 0;
  return {
    ...first,
    step,
    points,
    evaluations,
    samples: samplesOf(run.events),
    times,
    ...(read > 0 && learning > 0 && { tokensPerSecond: (1000 * read) / learning }),
    ...(left > 0 && { msLeft: left }),
    ...(diverged && { diverged }),
    ...(unsaved && { unsaved }),
    ...(kept && { kept }),
  };
}

function evaluationOf(
  step: number,
  scores: Readonly<Record<string, number>>,
  problems: number,
): EvaluationPoint {
  const { loss = Number.NaN, accuracy = 0 } = scores;
  const { low, high } = wilson(Math.round(accuracy * problems), problems);
  return { step, loss, accuracy, interval: [low, high] };
}

/** @param role of two models that learn, whose; absent: of the one */
export function samplesOf(events: readonly RunEvent[], role?: Role): readonly SampleRow[] {
  const rows = new Map<number, SampleRow>();
  const isSample = (event: RunEvent): event is Sample =>
    event.type === 'sample' && (role === undefined || (event.role ?? role) === role);
  for (const { index, prompt, expected, step, text, correct } of events.filter(isSample)) {
    const before = rows.get(index)?.written ?? [];
    rows.set(index, { index, prompt, expected, written: [...before, { step, text, correct }] });
  }
  return [...rows.values()].sort((a, b) => a.index - b.index);
}
