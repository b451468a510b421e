// Cases that would break a policy's loss that is nearly right: every kind of loss, ratios on both sides of every bound,
// sequences of one token and of more than a workgroup has lanes, tokens that do not count.

import type { PolicyObjective } from '../core/policyLoss.ts';
import { objectiveOf } from '../core/policyVariants.ts';
import { likely, makeRows, noise, type RowsSpec, someTokens } from './hardRows.ts';
import type { KernelCase } from './kernel.ts';
import { GIVEN, type grpoFields, grpoParams } from './policyFields.ts';
import { CHUNK, NONE, newRowStats, readRow } from './rows.ts';

type Inputs = { readonly targets: 'u32'; readonly given: 'f32'; readonly logits: 'f32' };
type GrpoCase = KernelCase<Inputs, typeof grpoFields>;

/** Log-ratios on both sides of the usual bounds, none near one: 0.55, 0.9, 1, 1.1, 1.8, 3.3. */
const LOG_RATIOS = [-0.6, -0.1, 0, 0.1, 0.6, 1.2] as const;

interface Shape extends RowsSpec {
  readonly columns: number;
  readonly objective: PolicyObjective;
  readonly old?: boolean;
  /** 0 leaves a token out; NONE as a target leaves a row out. */
  readonly scaleOf?: (row: number) => number;
  readonly targetOf?: (row: number) => number;
}

const stats = newRowStats();

function grpoCase(shape: Shape): GrpoCase {
  const { objective, columns, old = true, targetOf } = shape;
  return {
    why: shape.why,
    make: () => {
      const { logits, window } = makeRows(shape, 3e38);
      const targets = targetOf
        ? Uint32Array.from({ length: shape.rows }, (_, row) => targetOf(row))
        : someTokens(window);
      const given = new Float32Array(GIVEN.size * shape.rows);
      for (let row = 0; row < shape.rows; row++) {
        const start = window.base + row * window.pitch;
        const warm = Float32Array.from(
          logits.subarray(start, start + window.vocab),
          (x) => x / objective.temperature,
        );
        const good = readRow(warm, 0, window.vocab, stats);
        const logProb = good ? (warm[targets[row]!] ?? 0) - stats.max - Math.log(stats.sum) : 0;
        const at = row * GIVEN.size;
        given[at + GIVEN.scale] = shape.scaleOf?.(row) ?? (row % 7 === 5 ? 0 : 0.1 + noise(row, 5));
        given[at + GIVEN.advantage] = 4 * noise(row, 6) - 2;
        const ratio = LOG_RATIOS[Math.floor(LOG_RATIOS.length * noise(row, 7))]!;
        given[at + GIVEN.old] = logProb - ratio;
        given[at + GIVEN.reference] = logProb + noise(row, 8) - 0.5;
        given[at + GIVEN.teacher] = logProb + 2 * noise(row, 9) - 1;
      }
      const params = { ...window, columns, ...grpoParams(objective, old) };
      return { params, inputs: { targets, given, logits } };
    },
  };
}

const usual = { epsilon: 0.2, epsilonHigh: 0, delta: 0 } as const;
const plain = objectiveOf('grpo', usual);
const of = (why: string, objective: PolicyObjective, more: Partial<Shape> = {}): GrpoCase =>
  grpoCase({ why, rows: 36, columns: 12, vocab: 79, fill: likely, objective, ...more });

export const grpoCases: readonly GrpoCase[] = [
  of('clipped, ratios on both sides of both bounds', plain),
  of('clip-higher', objectiveOf('dapo', { ...usual, epsilonHigh: 0.28 })),
  of('two-sided: the cap bites before the minimum', objectiveOf('grpo', { ...usual, delta: 3 })),
  of(
    'capped: the weight is held, the log-prob is not',
    objectiveOf('cispo', { ...usual, epsilonHigh: 1.5 }),
  ),
  of('gated: another temperature for negative advantages', objectiveOf('sapo', usual)),
  of(
    'one ratio for a sequence',
    objectiveOf('gspo', { epsilon: 0.03, epsilonHigh: 0.05, delta: 0 }),
  ),
  of(
    'one ratio for a sequence that is longer than a workgroup has lanes',
    objectiveOf('gspo', usual),
    {
      rows: 300,
      columns: 150,
    },
  ),
  of('sequences of one token, one ratio each', objectiveOf('gspo', usual), { rows: 5, columns: 1 }),
  of('KL to a reference', { ...plain, beta: 0.4 }),
  of('KL weighted by the ratio', { ...plain, beta: 0.4, unbiased: true }),
  of('KL weighted by a sequence’s ratio', {
    ...objectiveOf('gspo', usual),
    beta: 0.4,
    unbiased: true,
  }),
  of('distance to a teacher, k2', { ...plain, distil: 0.7, estimator: 'k2' }),
  of('distance to a teacher, k3', { ...plain, distil: 0.7, estimator: 'k3' }),
  of('no old log-probs: every ratio is 1', plain, { old: false }),
  of('no old log-probs, one ratio for a sequence', objectiveOf('gspo', usual), { old: false }),
  of('a temperature above 1', objectiveOf('grpo', usual, 1.7)),
  of('a temperature below 1 over two chunks', objectiveOf('grpo', usual, 0.5), {
    rows: 6,
    columns: 3,
    vocab: CHUNK + 9,
  }),
  of(
    'a sequence that does not count at all, and targets that are none',
    objectiveOf('gspo', usual),
    {
      scaleOf: (row) => (row >= 12 && row < 24 ? 0 : 0.3),
      targetOf: (row) => (row % 12 > 8 ? NONE : (row * 31) % 79),
    },
  ),
  of('NaN in a row: the others of its sequence go on without it', objectiveOf('gspo', usual), {
    fill: (row, id) => (row === 14 && id === 40 ? Number.NaN : likely(row, id)),
  }),
  of('the last sequence is cut short', plain, { rows: 31, columns: 12 }),
  of(
    'a padded head, rows apart',
    { ...plain, beta: 0.1 },
    { stride: 128, rowStart: 1, rowStep: 2 },
  ),
  of('a row that can only go one way, and one that can never be', plain, {
    rows: 2,
    columns: 2,
    old: false,
    fill: (row, id) =>
      row === 0 ? (id === 13 ? 60 : -60) : id === 20 ? Number.NEGATIVE_INFINITY : 0,
    targetOf: (row) => [13, 20][row]!,
    scaleOf: () => 1,
  }),
];

export const grpoShapes: readonly GrpoCase[] = [
  of('64 completions of 24 tokens, 79 columns', plain, { rows: 1536, columns: 24 }),
  of('8 completions of 32 tokens, 32,000 columns', plain, {
    rows: 256,
    columns: 32,
    vocab: 32_000,
  }),
  of('32 tokens, 151,936 columns', plain, { rows: 32, columns: 32, vocab: 151_936 }),
];
