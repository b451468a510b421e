// What all training by reward does in the same way: a group of completions for each prompt, their rewards, a step that
// all models make or none, and the events that tell of it.

import { mean } from '../core/advantages.ts';
import type { Learned, Policy, PolicySequence, Writing, Written } from '../core/policy.ts';
import type {
  Accuracy,
  ByPolicy,
  MetricName,
  PolicyEvent,
  PolicyMetrics,
  PolicyRole,
  RewardPart,
  ShownCompletion,
  ShownGroup,
} from '../core/policyEvents.ts';
import { divergence, type Parts } from '../core/policyMetrics.ts';
import type { StepReport, Update } from '../core/trainable.ts';
import { learningRate } from './schedule.ts';

/** A problem as policies see it. */
export interface Exercise {
  readonly prompt: readonly number[];
  readonly question: string;
  readonly expected: string;
  /** What a completion earns, part by part, before weighting. */
  grade(tokens: readonly number[], truncated: boolean): Parts;
}

export interface PolicyContext<P, R extends PolicyRole = PolicyRole> {
  readonly models: Readonly<Record<R, Policy>>;
  /** Number i, without end; step k has numbers kP ... (k + 1)P - 1. */
  readonly exercise: (index: number) => Exercise;
  /** How a token is shown. */
  readonly piece: (token: number) => string;
  readonly params: P;
  readonly seed: number;
  /** Steps that were made before, and what was said of them; they are not repeated. */
  readonly done?: number;
  readonly past?: readonly PolicyEvent[];
  readonly evaluate?: (step: number) => Promise<ByPolicy<Accuracy>>;
  /** The height of a model's learning rate, where somebody has changed it. */
  readonly rate?: (role: PolicyRole) => number | undefined;
}

export interface Knobs {
  readonly prompts: number;
  readonly completion: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly correctness: number;
  readonly format: number;
  readonly length: number;
  readonly schedule: 'cosine' | 'constant';
  readonly warmup: number;
  readonly floor: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly clip: number;
  readonly spike: number;
}

/** A completion, with what it earned. */
export interface Completion extends Written {
  /** Number of its exercise in the step, and its own among those for the same prompt. */
  readonly row: number;
  readonly sample: number;
  readonly exercise: Exercise;
  /** How many of the first tokens somebody else wrote. */
  readonly hinted: number;
  readonly parts: Parts;
  /** The weighted sum of the parts that the task gives. */
  readonly reward: number;
}

/** Addresses of draws: positions of completions are far below this. */
const SELECTING = 0xffff_0000;
const SAMPLES = 256;
const LARGE = 1 << 24;
/** The last word of a draw's address: who draws, for which prompt, the how manieth. */
export const slotOf = (by: PolicyRole, row: number, sample: number): number =>
  (by === 'large' ? LARGE : 0) + SAMPLES * row + sample;
export const selectionAddress = (seed: number, run: number, row: number, sample: number) => ({
  seed,
  run,
  step: SELECTING,
  row: slotOf('small', row, sample),
});

export const exercisesOf = (
  { exercise, params }: Pick<PolicyContext<Knobs>, 'exercise' | 'params'>,
  k: number,
): readonly Exercise[] =>
  Array.from({ length: params.prompts }, (_, i) => exercise(k * params.prompts + i));

const TASK_PARTS = ['correctness', 'format', 'length'] as const satisfies readonly RewardPart[];

/**
 * As many completions for each prompt, in groups.
 * @param hints by prompt and sample, tokens that stand already
 */
export async function writeGroups(
  policy: Policy,
  by: PolicyRole,
  exercises: readonly Exercise[],
  samples: number,
  params: Knobs,
  { seed, run }: Pick<Writing, 'seed' | 'run'>,
  hints?: readonly (readonly Written[])[],
): Promise<readonly (readonly Completion[])[]> {
  const draws = exercises.flatMap(({ prompt }, row) =>
    Array.from({ length: samples }, (_, sample) => {
      const begun = hints?.[row]?.[sample]?.tokens;
      return { prompt, slot: slotOf(by, row, sample), ...(begun && { begun }) };
    }),
  );
  const { temperature, topK, topP, completion: longest } = params;
  const how = { longest, temperature, topK, topP, seed, run };
  const written = await policy.write(draws, how);
  return exercises.map((exercise, row) =>
    Array.from({ length: samples }, (_, sample) => {
      const one = written[row * samples + sample]!;
      const parts = exercise.grade(one.tokens, one.truncated);
      const reward = TASK_PARTS.reduce((sum, part) => sum + params[part] * (parts[part] ?? 0), 0);
      const hinted = hints?.[row]?.[sample]?.tokens.length ?? 0;
      return { ...one, row, sample, exercise, hinted, parts, reward };
    }),
  );
}

export const sequenceOf = ({ exercise, tokens }: Completion) => ({
  prompt: exercise.prompt,
  completion: tokens,
});

/** 1 for every token that counts. */
export const masksOf = (
  completions: readonly Completion[],
  truncated: 'counted' | 'masked',
): readonly (readonly number[])[] =>
  completions.map((one) => one.tokens.map(() => (one.truncated && truncated === 'masked' ? 0 : 1)));

export const fill = (value: number, { tokens }: Completion): readonly number[] =>
  tokens.map(() => value);

/** What happens with a model in an update. */
export interface Part {
  readonly role: PolicyRole;
  readonly policy: Policy;
  readonly sequences: readonly PolicySequence[];
  readonly learned: readonly Learned[];
  /** The height of the learning rate's schedule. */
  readonly peak: number;
}

export type Diverged = Extract<PolicyEvent, { readonly type: 'diverged' }>;
export type Updated = Readonly<Record<'grad_norm' | 'learning_rate', number>>;

const EPSILON = 1e-8;
/** Norms that a spike is judged against: the last so many, when there are at least so many. */
const NORMS = { most: 20, least: 5 } as const;

/** Makes steps that all models make or none, and keeps an eye on their gradients. */
export function makeUpdater(
  params: Knobs & { readonly steps: number },
  past: readonly PolicyEvent[],
) {
  const norms: Record<PolicyRole, number[]> = { small: [], large: [] };
  const note = (role: PolicyRole, norm: number | undefined) => {
    if (norm === undefined) return;
    norms[role].push(norm);
    if (norms[role].length > NORMS.most) norms[role].shift();
  };
  for (const event of past) {
    if (event.type !== 'step') continue;
    for (const role of ['small', 'large'] as const) note(role, event.metrics[role]?.grad_norm);
  }
  const usual = (role: PolicyRole) => {
    const sorted = norms[role].toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  const limit = (role: PolicyRole) =>
    params.spike > 0 && norms[role].length >= NORMS.least && usual(role) > 0
      ? params.spike * usual(role)
      : undefined;

  return {
    /** @param k the step, from 0, as the schedule counts */
    async update(k: number, parts: readonly Part[]): Promise<ByPolicy<Updated> | Diverged> {
      const [bad] = parts.filter(({ sequences, learned }) => !allFinite(sequences, learned));
      if (bad) {
        // These weights are no good. Those before had a finite loss and a finite gradient.
        for (const { policy } of parts) {
          policy.forget();
          policy.undo();
        }
        return { type: 'diverged', step: k + 1, role: bad.role, what: 'loss' };
      }
      const { warmup, floor, steps, schedule: shape } = params;
      const made: Part[] = [];
      const updated: Partial<Record<PolicyRole, Updated>> = {};
      for (const part of parts) {
        const { role, policy, peak } = part;
        const rate = learningRate({ peak, shape, warmup, steps, floor }, k);
        const most = limit(role);
        const update: Update = {
          ...params,
          learningRate: rate,
          epsilon: EPSILON,
          ...(most !== undefined && { limit: most }),
        };
        const report = await policy.step(update);
        if (!report.applied) {
          for (const other of parts) other.policy.forget();
          for (const other of made) other.policy.undo();
          return divergedBy(report, k + 1, role, usual(role));
        }
        made.push(part);
        updated[role] = { grad_norm: report.gradNorm, learning_rate: rate };
      }
      for (const { role } of parts) note(role, updated[role]?.grad_norm);
      return updated;
    },
  };
}

function divergedBy(report: StepReport, step: number, role: PolicyRole, usual: number): Diverged {
  const { tensor, gradNorm } = report;
  const named = tensor === undefined ? {} : { tensor };
  if (!Number.isFinite(gradNorm))
    return { type: 'diverged', step, role, what: 'gradient', ...named };
  return { type: 'diverged', step, role, what: 'spike', gradNorm, usual, ...named };
}

const allFinite = (sequences: readonly PolicySequence[], learned: readonly Learned[]): boolean =>
  sequences.every(
    ({ scales }, row) =>
      learned[row]!.losses.length === scales.length &&
      Array.from(learned[row]!.logProbs).every(Number.isFinite) &&
      Array.from(learned[row]!.losses).every(Number.isFinite),
  );

/** Means, name by name, of what the iterations of a step have measured. */
export function averaged(all: readonly PolicyMetrics[]): PolicyMetrics {
  const names = Object.keys(all[0] ?? {}) as MetricName[];
  return Object.fromEntries(names.map((name) => [name, mean(all.map((one) => one[name] ?? 0))]));
}

/** Mean over tokens of an estimate of KL(small || large), of completions that small wrote. */
export function meanDivergence(
  small: readonly { readonly logProbs: ArrayLike<number> }[],
  large: readonly { readonly logProbs: ArrayLike<number> }[],
): number {
  const tokens = small.reduce((sum, { logProbs }) => sum + logProbs.length, 0);
  const all = small.reduce((sum, one, i) => sum + divergence(one.logProbs, large[i]!.logProbs), 0);
  return all / Math.max(1, tokens);
}

/** Completions that are shown of a step: at least one group, whole ones up to so many. */
const SHOWN = 16;

/** Numbers as they are shown: a table of thousands of them need not say 16 digits. */
export const shortened = (values: ArrayLike<number>): readonly number[] =>
  Array.from(values, (value) => Number(value.toPrecision(4)));

export function shownGroups(
  groups: readonly (readonly Completion[])[],
  by: PolicyRole,
  piece: (token: number) => string,
  about: (
    one: Completion,
    index: number,
  ) => Pick<ShownCompletion, 'logRatios' | 'rewards' | 'advantages' | 'kept'> &
    Partial<Pick<ShownCompletion, 'parts' | 'tokenAdvantages'>>,
): readonly ShownGroup[] {
  const size = groups[0]?.length ?? 0;
  const some = groups.slice(0, Math.max(1, Math.floor(SHOWN / Math.max(1, size))));
  return some.map((group, g) => ({
    prompt: group[0]?.exercise.question ?? '',
    expected: group[0]?.exercise.expected ?? '',
    by,
    completions: group.map((one, i) => {
      const { sample, tokens, hinted, truncated, parts } = one;
      const texts = tokens.map(piece);
      return { sample, tokens, texts, hinted, truncated, parts, ...about(one, g * size + i) };
    }),
  }));
}

/** Tokens of prompts and completions. */
export const tokensIn = (completions: readonly Completion[]): number =>
  completions.reduce(
    (sum, { exercise, tokens }) => sum + exercise.prompt.length + tokens.length,
    0,
  );

export const tokensBefore = (past: readonly PolicyEvent[]): number =>
  past.reduce((sum, event) => (event.type === 'step' ? event.tokens : sum), 0);

export const isDue = (step: number, steps: number, every: number): boolean =>
  step === steps || (every > 0 && step % every === 0);

export const isDiverged = (result: ByPolicy<Updated> | Diverged): result is Diverged =>
  'type' in result;
