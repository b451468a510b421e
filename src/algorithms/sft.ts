// Supervised fine-tuning: maximise the log-probability of given completions, token by token. The oldest of the
// training methods here and the base of all others (METHODS: every expert and every aligned model starts so).
// With random first weights and prompts that count it is pretraining.
//
// Example number i is always the same one, and step k reads examples kB ... (k + 1)B - 1, so a run that goes on
// from a saved state is the run that was never stopped.

import { defineParams, type ParamsOf } from '../core/params.ts';
import type { TokenRow, TrainableModel } from '../core/trainable.ts';
import type { TrainEvent } from '../core/trainEvents.ts';
import { defineTrainer } from '../core/trainer.ts';
import { loraParams } from './loraKnobs.ts';
import { packRows } from './packing.ts';
import { learningRate } from './schedule.ts';

export const sftParams = defineParams({
  steps: {
    kind: 'integer',
    label: 'Steps',
    symbol: 'K',
    meaning: 'How many times the weights are changed.',
    min: 1,
    max: 1_000_000,
    step: 100,
    default: 1000,
  },
  batch: {
    kind: 'integer',
    label: 'Batch',
    symbol: 'B',
    meaning: 'Examples that each step learns from; more make steps slower and steadier.',
    min: 1,
    max: 4096,
    step: 1,
    default: 32,
  },
  learningRate: {
    kind: 'number',
    label: 'Learning rate',
    symbol: '\\eta',
    meaning: 'How far a step goes at the height of the schedule.',
    min: 0,
    max: 1,
    step: 1e-4,
    default: 1e-3,
  },
  schedule: {
    kind: 'choice',
    label: 'Schedule',
    meaning: 'What the learning rate does after its climb.',
    options: [
      { value: 'cosine', label: 'cosine' },
      { value: 'constant', label: 'constant' },
    ],
    default: 'cosine',
  },
  warmup: {
    kind: 'integer',
    label: 'Warm-up',
    symbol: 'w',
    meaning: 'Steps in which the learning rate climbs from zero.',
    min: 0,
    max: 100_000,
    step: 10,
    default: 50,
  },
  floor: {
    kind: 'number',
    label: 'Final rate',
    meaning: 'Share of the learning rate that the cosine ends at.',
    min: 0,
    max: 1,
    step: 0.05,
    default: 0.1,
  },
  prompts: {
    kind: 'choice',
    label: 'Prompts',
    meaning: 'Whether the model also learns to write the prompts.',
    options: [
      { value: 'masked', label: 'do not count' },
      { value: 'learned', label: 'count' },
    ],
    default: 'masked',
  },
  packing: {
    kind: 'choice',
    label: 'Rows',
    meaning:
      'Padded: every example has a row, filled up to the longest of its pass. Packed: examples lie end to end in rows of at most the context length, each with positions of its own where the model is given positions, and none sees another. Results differ by rounding only; which is faster depends on the lengths.',
    options: [
      { value: 'padded', label: 'padded' },
      { value: 'packed', label: 'packed' },
    ],
    default: 'padded',
  },
  weightDecay: {
    kind: 'number',
    label: 'Weight decay',
    symbol: '\\lambda',
    meaning: 'Pulls matrices towards zero, apart from the gradient.',
    min: 0,
    max: 10,
    step: 0.01,
    default: 0.01,
  },
  beta1: {
    kind: 'number',
    label: 'Momentum',
    symbol: '\\beta_1',
    meaning: 'How much of the mean gradient is kept from step to step.',
    min: 0,
    max: 0.9999,
    step: 0.01,
    default: 0.9,
  },
  beta2: {
    kind: 'number',
    label: 'Second momentum',
    symbol: '\\beta_2',
    meaning: 'How much of the mean squared gradient is kept from step to step.',
    min: 0,
    max: 0.99999,
    step: 0.001,
    default: 0.99,
  },
  clip: {
    kind: 'number',
    label: 'Clipping',
    symbol: 'c',
    meaning: 'Largest norm of the gradient, beyond which it is scaled down; 0 never does.',
    min: 0,
    max: 1000,
    step: 0.1,
    default: 1,
  },
  evaluateEvery: {
    kind: 'integer',
    label: 'Evaluate every',
    meaning: 'Steps between evaluations; 0 evaluates at the end only.',
    min: 0,
    max: 1_000_000,
    step: 10,
    default: 0,
  },
});

export type SftParams = ParamsOf<typeof sftParams>;

/** The page's knobs: shorter runs than a pretraining, and a look at the model now and then. */
export const sftTrainer = defineTrainer({
  title: 'Supervised fine-tuning',
  summary: 'A model learns to write given completions, token by token.',
  params: defineParams({
    model: {
      kind: 'choice',
      label: 'Trained model',
      meaning: 'Which of the two checkpoints learns.',
      options: [
        { value: 'small', label: 'small' },
        { value: 'large', label: 'large' },
      ],
      default: 'small',
    },
    // Ranges that a slider can cover.
    steps: { ...sftParams.steps, max: 10_000, step: 10, default: 300 },
    batch: { ...sftParams.batch, max: 256 },
    learningRate: { ...sftParams.learningRate, max: 0.02 },
    evaluateEvery: { ...sftParams.evaluateEvery, max: 1000, step: 10, default: 50 },
    prompts: sftParams.prompts,
    ...loraParams,
    schedule: { ...sftParams.schedule, advanced: true },
    warmup: { ...sftParams.warmup, max: 1000, default: 20, advanced: true },
    floor: { ...sftParams.floor, advanced: true },
    weightDecay: { ...sftParams.weightDecay, advanced: true },
    beta1: { ...sftParams.beta1, advanced: true },
    beta2: { ...sftParams.beta2, advanced: true },
    clip: { ...sftParams.clip, advanced: true },
    packing: { ...sftParams.packing, advanced: true },
    microBatch: {
      advanced: true,
      kind: 'integer',
      label: 'Micro-batch',
      meaning:
        'Rows of one pass: fewer need less memory, more are faster on a GPU. Results differ by rounding only.',
      min: 1,
      max: 256,
      step: 1,
      default: 8,
    },
  }),
  roles: ({ model }) => [model],
  parts: { small: 'Learns.', large: 'Learns.' },
  needs: 'examples',
});

/** What the model reads and what it should then write, as tokens; the prompt has at least one. */
export interface Example {
  readonly prompt: readonly number[];
  /** Ends with the token that ends a text, if the model should learn to stop. */
  readonly completion: readonly number[];
}

export interface SftContext {
  readonly model: TrainableModel;
  /** Example number i, from 0, without end. */
  readonly example: (index: number) => Example;
  readonly params: SftParams;
  /** Steps that were made before; they are not repeated. */
  readonly done?: number;
  /** Measures the model as it is. */
  readonly evaluate?: (step: number) => Promise<Readonly<Record<string, number>>>;
}

const EPSILON = 1e-8;

/** A row with g = 1 where a token counts; the last token is only a target. */
function rowOf({ prompt, completion }: Example, prompts: SftParams['prompts']): TokenRow {
  const y = [...prompt, ...completion];
  const first = prompts === 'masked' ? prompt.length - 1 : 0;
  const tokens = y.slice(0, -1);
  return { tokens, targets: y.slice(1), weights: tokens.map((_, t) => (t >= first ? 1 : 0)) };
}

/** The examples as rows whose weighted log-probs add up to minus the mean loss over all tokens that count. */
export function sftRows(
  examples: readonly Example[],
  prompts: SftParams['prompts'],
): { readonly rows: readonly TokenRow[]; readonly tokens: number } {
  const rows = examples.map((example) => rowOf(example, prompts));
  const tokens = rows.reduce((sum, { weights }) => sum + weights.filter(Boolean).length, 0);
  const scaled = rows.map((row) => ({
    ...row,
    weights: row.weights.map((g) => (g ? -g / tokens : 0)),
  }));
  return { rows: scaled, tokens };
}

export async function* sft(context: SftContext): AsyncGenerator<TrainEvent, void, void> {
  const { model, example, params, done = 0, evaluate } = context;
  const { steps, batch, prompts, packing, evaluateEvery, warmup, floor } = params;
  const schedule = { peak: params.learningRate, shape: params.schedule, warmup, steps, floor };
  for (let k = done; k < steps; k++) {
    const step = k + 1;
    const examples = Array.from({ length: batch }, (_, i) => example(k * batch + i));
    const { rows: padded, tokens } = sftRows(examples, prompts);
    const rows = packing === 'packed' ? packRows(padded, model.contextLength) : padded;
    const loss = lossOf(rows, await model.accumulate(rows));
    const rate = learningRate(schedule, k);
    const report = Number.isFinite(loss)
      ? await model.step({ ...params, learningRate: rate, epsilon: EPSILON })
      : undefined;
    if (!report?.applied) {
      // These weights are no good. Those before had a finite loss and a finite gradient.
      model.forget();
      model.undo();
      return yield { type: 'diverged', step, what: report ? 'gradient' : 'loss' };
    }
    const read = rows.reduce((sum, row) => sum + row.tokens.length, 0);
    const { gradNorm } = report;
    yield { type: 'step', step, loss, tokens, read, learningRate: rate, gradNorm };
    const due = step === steps || (evaluateEvery > 0 && step % evaluateEvery === 0);
    if (evaluate && due) yield { type: 'evaluated', step, scores: await evaluate(step) };
  }
  yield { type: 'trained', step: Math.max(done, steps) };
}

function lossOf(rows: readonly TokenRow[], logProbs: readonly Float32Array[]): number {
  const of = ({ weights }: TokenRow, r: number) =>
    weights.reduce((sum, g, t) => (g ? sum + g * (logProbs[r]?.[t] ?? Number.NaN) : sum), 0);
  return rows.reduce((sum, row, r) => sum + of(row, r), 0);
}
