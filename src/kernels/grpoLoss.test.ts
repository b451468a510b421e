// The reference of grpoLoss, which is what its shader is judged by: in float64 against finite differences on both sides
// of every clip, and against TRL's losses and gradients.

import { describe, expect, test } from 'vitest';
import trl from '../../test/oracles/grpo_trl_losses.json' with { type: 'json' };
import type { PolicyObjective } from '../core/policyLoss.ts';
import { type LossType, objectiveOf, scalesOf } from '../core/policyVariants.ts';
import { grpoLoss } from './grpoLoss.ts';
import { likely, noise } from './hardRows.ts';
import { GIVEN, grpoParams, TERM } from './policyFields.ts';

const f64 = (numbers: Iterable<number> | number): Float32Array =>
  (typeof numbers === 'number'
    ? new Float64Array(numbers)
    : Float64Array.from(numbers)) as unknown as Float32Array;

interface Token {
  readonly scale: number;
  readonly advantage: number;
  readonly old?: number;
  readonly reference?: number;
  readonly teacher?: number;
}

function judged(
  rows: number[][],
  targets: number[],
  tokens: Token[],
  columns: number,
  objective: PolicyObjective,
) {
  const vocab = rows[0]!.length;
  const count = rows.length;
  const logits = f64(rows.flat());
  const given = f64(GIVEN.size * count);
  tokens.forEach(({ scale, advantage, old = 0, reference = 0, teacher = 0 }, row) => {
    given.set([scale, advantage, old, reference, teacher], GIVEN.size * row);
  });
  const outputs = { logits, terms: f64(TERM.size * count), clips: new Uint32Array(count) };
  const hasOld = tokens.some(({ old }) => old !== undefined);
  const params = {
    rows: count,
    vocab,
    base: 0,
    pitch: vocab,
    columns,
    ...grpoParams(objective, hasOld),
  };
  grpoLoss.reference({ targets: Uint32Array.from(targets), given, logits }, params, outputs);
  const of = (field: number) => tokens.map((_, row) => outputs.terms[TERM.size * row + field]!);
  const loss = of(TERM.loss).reduce((sum, one, row) => sum + one * tokens[row]!.scale, 0);
  return {
    loss,
    of,
    gradients: rows.map((_, r) => [...logits.subarray(r * vocab, (r + 1) * vocab)]),
    clips: [...outputs.clips],
  };
}

/** Log-ratios on both sides of 1 - 0.2, 1 + 0.2, 1 + 0.28, a cap of 2, and of nothing. */
const LOG_RATIOS = [-0.6, -0.1, 0.05, 0.22, 0.6, 1.2];
const VOCAB = 11;
const rows = LOG_RATIOS.map((_, row) => Array.from({ length: VOCAB }, (_, id) => likely(row, id)));
const targets = LOG_RATIOS.map((_, row) => (3 * row + 1) % VOCAB);

const usual = { epsilon: 0.2, epsilonHigh: 0, delta: 0 };
const objectives: [string, PolicyObjective][] = [
  ['grpo', objectiveOf('grpo', usual)],
  ['clip-higher', objectiveOf('dapo', { ...usual, epsilonHigh: 0.28 })],
  ['two-sided', objectiveOf('bnpo', { ...usual, delta: 2 })],
  ['sapo', objectiveOf('sapo', usual)],
  ['gspo', objectiveOf('gspo', usual)],
  ['gspo, clipped', objectiveOf('gspo', { ...usual, epsilon: 0.01 })],
  ['KL', { ...objectiveOf('dr_grpo', usual), beta: 0.3 }],
  ['weighted KL', { ...objectiveOf('grpo', usual), beta: 0.3, unbiased: true }],
  ['k2', { ...objectiveOf('grpo', usual), distil: 0.5, estimator: 'k2' }],
  ['k3', { ...objectiveOf('grpo', usual), distil: 0.5, estimator: 'k3' }],
  ['warm', objectiveOf('grpo', usual, 1.8)],
];

describe.each([1, -1])('finite differences in float64, advantages times %d', (sign) => {
  test.each(objectives)('%s', (_, objective) => {
    const { of } = judged(
      rows,
      targets,
      rows.map(() => ({ scale: 0, advantage: 0 })),
      3,
      objective,
    );
    const tokens = of(TERM.logProb).map(
      (logProb, row): Token => ({
        scale: 0.1 + noise(row, 1),
        advantage: sign * (0.5 + noise(row, 2)),
        old: logProb - LOG_RATIOS[row]!,
        reference: logProb + noise(row, 3) - 0.5,
        teacher: logProb + 2 * noise(row, 4) - 1,
      }),
    );
    const { gradients } = judged(rows, targets, tokens, 3, objective);
    const h = 1e-5;
    for (const [r, row] of rows.entries()) {
      for (const [id, x] of row.entries()) {
        const at = (value: number) =>
          judged(rows.with(r, row.with(id, value)), targets, tokens, 3, objective).loss;
        const slope = (at(x + h) - at(x - h)) / (2 * h);
        expect(Math.abs(slope - gradients[r]![id]!)).toBeLessThan(1e-8);
      }
    }
  });
});

test('cispo: the weight is held, so its gradient is the weight’s and not the loss’s', () => {
  const objective = objectiveOf('cispo', { ...usual, epsilonHigh: 1.5 });
  const tokens = LOG_RATIOS.map(
    (ratio, row): Token => ({ scale: 1, advantage: 2 * noise(row, 2) - 1, old: -2 - ratio }),
  );
  const { of, gradients } = judged(rows, targets, tokens, 6, objective);
  of(TERM.logProb).forEach((logProb, row) => {
    const { advantage, old } = tokens[row]!;
    const weight = -Math.min(Math.exp(logProb - old!), 1.5) * advantage;
    expect(of(TERM.weight)[row]).toBeCloseTo(weight, 12);
    expect(gradients[row]![targets[row]!]).toBeCloseTo(weight * (1 - Math.exp(logProb)), 12);
  });
});

/** Two tokens' logits with this log-prob of the first. */
const pairFor = (logProb: number) => [logProb - Math.log1p(-Math.exp(logProb)), 0];

interface Config {
  readonly loss_type: LossType | 'luspo' | 'vespo';
  readonly importance_sampling_level?: 'sequence';
  readonly epsilon?: number;
  readonly epsilon_high?: number;
  readonly delta?: number;
  readonly beta?: number;
  readonly use_bias_correction_kl?: boolean;
}
interface Inputs {
  readonly config?: Config;
  readonly mask: number[][];
  readonly old_logp: number[][];
  readonly new_logp: number[][];
  readonly ref_logp: number[][];
  readonly advantages: number[];
  readonly max_completion_length: number;
}
const losses = (
  trl.cases as unknown as {
    id: string;
    inputs: Inputs;
    expected: Readonly<Record<string, unknown>>;
  }[]
).filter(
  ({ inputs, expected }) =>
    inputs.config && !['luspo', 'vespo'].includes(inputs.config.loss_type) && 'loss' in expected,
);

test.each(losses.map((one) => [one.id, one] as const))('TRL: %s', (_, { inputs, expected }) => {
  const { loss_type, epsilon = 0.2, epsilon_high = 0, delta = 0, beta = 0 } = inputs.config!;
  const sequence = inputs.config!.importance_sampling_level === 'sequence';
  const type = sequence ? 'gspo' : (loss_type as LossType);
  const objective = {
    ...objectiveOf(type, { epsilon, epsilonHigh: epsilon_high, delta }),
    beta,
    unbiased: inputs.config!.use_bias_correction_kl ?? false,
  };
  const scales = scalesOf(loss_type as LossType, inputs.mask, inputs.max_completion_length);
  const columns = inputs.mask[0]!.length;
  const flat = inputs.mask.flatMap((mask, r) =>
    mask.map((_, t) => ({
      logProb: inputs.new_logp[r]![t]!,
      scale: scales[r]![t]!,
      advantage: inputs.advantages[r]!,
      old: inputs.old_logp[r]![t]!,
      reference: inputs.ref_logp[r]![t]!,
    })),
  );
  const found = judged(
    flat.map(({ logProb }) => pairFor(logProb)),
    flat.map(() => 0),
    flat,
    columns,
    objective,
  );
  expect(found.loss).toBeCloseTo(expected.loss as number, 9);
});
