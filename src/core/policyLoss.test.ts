// The losses of policies against TRL's numbers, finite differences on both sides of every clip, and the limits that
// can be worked out on paper.

import { describe, expect, it, test } from 'vitest';
import trl from '../../test/oracles/grpo_trl_losses.json' with { type: 'json' };
import gkd from '../../test/oracles/opd_gkd.json' with { type: 'json' };
import { centred, discounted, groupAdvantages } from './advantages.ts';
import { CLIPPED, type PolicyObjective, type PolicyTokens, policyTerms } from './policyLoss.ts';
import { LOSS_TYPES, type LossType, objectiveOf, scalesOf } from './policyVariants.ts';
import { uniforms } from './rng.ts';

const ABS = 1e-9;
const far = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return Number.NaN;
  return Array.from(a, (x, i) => Math.abs(x - b[i]!)).reduce((most, d) => Math.max(most, d), 0);
};
const within = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance = ABS) =>
  expect(far(a, b), `${Array.from(a)} and ${Array.from(b)}`).toBeLessThanOrEqual(tolerance);
const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);
const OPEN = { epsilon: 0.2, epsilonHigh: 0, delta: 0 };
const plain = objectiveOf('grpo', OPEN);
const like = (changes: Partial<PolicyObjective>): PolicyObjective => ({ ...plain, ...changes });

const lossOf = (rows: readonly PolicyTokens[], logProbs: number[][], objective: PolicyObjective) =>
  sum(
    rows.flatMap((row, r) =>
      Array.from(policyTerms(row, logProbs[r]!, objective).losses, (x, t) => x * row.scales[t]!),
    ),
  );

const caseOf = (id: string) => trl.cases.find((one) => one.id === id)! as never as Oracle;
interface Oracle {
  readonly id: string;
  readonly inputs: {
    readonly config: Config;
    readonly configs: readonly Config[];
    readonly mask: number[][];
    readonly old_logp: number[][];
    readonly new_logp: number[][];
    readonly ref_logp: number[][];
    readonly advantages: number[];
    readonly max_completion_length: number;
    readonly rewards: number[][];
    readonly pairs: [number, number][];
  };
  readonly expected: Readonly<Record<string, unknown>>;
}
interface Config {
  readonly loss_type: LossType | 'luspo';
  readonly importance_sampling_level?: 'sequence';
  readonly epsilon?: number;
  readonly epsilon_high?: number;
  readonly delta?: number;
  readonly beta?: number;
  readonly use_bias_correction_kl?: boolean;
}

/** TRL's options in our words. luspo counts a sequence by its length, which is nothing but other scales. */
function translated(config: Config, { mask, max_completion_length: longest }: Oracle['inputs']) {
  const { loss_type, epsilon = 0.2, epsilon_high = 0, delta = 0, beta = 0 } = config;
  const sequence = config.importance_sampling_level === 'sequence';
  const type = loss_type === 'luspo' || (loss_type === 'grpo' && sequence) ? 'gspo' : loss_type;
  const clipping = { epsilon, epsilonHigh: epsilon_high, delta };
  const unbiased = config.use_bias_correction_kl === true;
  const scales =
    loss_type === 'luspo'
      ? mask.map((row) => row.map((one) => one / mask.length))
      : scalesOf(type, mask, longest);
  return { objective: { ...objectiveOf(type, clipping), beta, unbiased }, scales };
}

describe('TRL', () => {
  const losses = trl.cases.filter(({ id }) => id.startsWith('loss_')) as never as Oracle[];
  it('has thirteen configurations', () => expect(losses).toHaveLength(13));

  test.each(losses.map((one) => [one.id, one] as const))('%s', (_, { inputs, expected }) => {
    const { objective, scales } = translated(inputs.config, inputs);
    const rows = scales.map((row, r) => ({
      scales: row,
      advantages: row.map(() => inputs.advantages[r]!),
      old: inputs.old_logp[r]!,
      reference: inputs.ref_logp[r]!,
    }));
    within([lossOf(rows, inputs.new_logp, objective)], [expected.loss as number]);
    rows.forEach((row, r) => {
      const { weights, losses: own, ratios } = policyTerms(row, inputs.new_logp[r]!, objective);
      const kept = (values: ArrayLike<number>) =>
        Array.from(values).filter((_, t) => inputs.mask[r]![t] === 1);
      const wanted = (name: string) => (expected[name] as number[][])[r]!;
      within(weights, wanted('grad_new_logp'), 1e-7);
      within(kept(own), kept(wanted('per_token_loss_unmasked')));
      const capped = Array.from(ratios, (ratio) => Math.min(ratio, objective.delta));
      within(kept(capped), kept(wanted('coef_1')));
    });
  });

  test('completions that were cut off count nowhere, but as sequences of grpo and dr_grpo', () => {
    const { inputs, expected } = caseOf('mask_truncated');
    for (const config of inputs.configs) {
      const { objective, scales } = translated(config, inputs);
      const rows = scales.map((row, r) => ({
        scales: row,
        advantages: row.map(() => inputs.advantages[r]!),
        old: inputs.old_logp[r]!,
      }));
      within([lossOf(rows, inputs.new_logp, objective)], [expected[config.loss_type] as number]);
      expect(Array.from(policyTerms(rows[0]!, inputs.new_logp[0]!, objective).weights)).toEqual(
        rows[0]!.scales,
      );
    }
  });

  test('advantages: n - 1, 1e-4 added, exactly 0 where a group agrees', () => {
    const { inputs, expected } = caseOf('advantages');
    for (const [scaling, name] of [
      ['group', 'scale_group'],
      ['batch', 'scale_batch'],
      ['none', 'scale_none'],
    ] as const) {
      const found = groupAdvantages(inputs.rewards, scaling);
      found.forEach((group, g) => {
        within(group, (expected[name] as number[][])[g]!);
      });
      expect(found[1]!.every((advantage) => advantage === 0)).toBe(true);
    }
    // Seven times 0.1, added and divided by 7, is not 0.1.
    expect(centred(new Array(7).fill(0.1)).every((advantage) => advantage === 0)).toBe(true);
  });

  test('k2 and k3, with their derivatives', () => {
    const rows = caseOf('kl_estimators').expected.rows as {
      logp: number;
      ref_logp: number;
      k2: number;
      k3: number;
      dk3_dlogp: number;
    }[];
    for (const { logp, ref_logp, k2, k3, dk3_dlogp } of rows) {
      const row = { scales: [1], advantages: [0], reference: [ref_logp], teacher: [ref_logp] };
      const reference = policyTerms(row, [logp], like({ beta: 1 }));
      within([reference.losses[0]!, reference.weights[0]!, reference.kls[0]!], [k3, dk3_dlogp, k3]);
      const square = policyTerms(row, [logp], like({ distil: 1, estimator: 'k2' }));
      within([square.losses[0]!, square.weights[0]!], [k2, logp - ref_logp]);
      const third = policyTerms(row, [logp], like({ distil: 1, estimator: 'k3' }));
      within([third.losses[0]!, third.weights[0]!], [k3, dk3_dlogp]);
    }
  });
});

describe('the derivative', () => {
  const next = uniforms(7, 7);
  const lengths = [4, 3, 5];
  const list = (length: number, low: number, high: number) =>
    Array.from({ length }, () => low + (high - low) * next());

  /** Log-ratios on both sides of every bound, and advantages of both signs, each with each. */
  const sides = [-0.9, -0.3, -0.15, 0.05, 0.15, 0.22, 0.3, 0.9];
  const signs = [1.3, -0.8];
  const grid = sides.flatMap((side) => signs.map((sign) => [side, sign] as const));

  const objectives: [string, PolicyObjective][] = LOSS_TYPES.flatMap((type) => {
    const bounds = { epsilon: 0.2, epsilonHigh: type === 'cispo' ? 1.28 : 0.28, delta: 0 };
    const own = objectiveOf(type, bounds);
    return [
      [type, own],
      [`${type}, delta`, objectiveOf(type, { ...bounds, delta: 1.32 })],
      [`${type}, delta below the upper bound`, objectiveOf(type, { ...bounds, delta: 1.17 })],
      [`${type}, KL`, { ...own, beta: 0.3 }],
      [`${type}, KL times rho`, { ...own, beta: 0.3, unbiased: true }],
      [`${type}, teacher k2`, { ...own, distil: 0.4 }],
      [`${type}, teacher k3`, { ...own, distil: 0.4, estimator: 'k3' }],
    ] as [string, PolicyObjective][];
  });

  test.each(objectives)('of %s is that of finite differences', (_, objective) => {
    // One token a sequence: its ratio is the sequence's, so that both sides of every bound are met there too.
    const alone = grid.map(([side, sign]): [PolicyTokens, number[]] => {
      const old = list(1, -2, -0.5);
      const others = { reference: list(1, -2, -0.5), teacher: list(1, -2, -0.5) };
      return [{ scales: [0.7], advantages: [sign], old, ...others }, [old[0]! + side]];
    });
    const together = lengths.map((length): [PolicyTokens, number[]] => {
      const old = list(length, -2, -0.5);
      const others = { reference: list(length, -2, -0.5), teacher: list(length, -2, -0.5) };
      const scales = list(length, 0.1, 1).map((scale, t) => (t === 1 ? 0 : scale));
      const row = { scales, advantages: list(length, -1, 1), old, ...others };
      return [row, old.map((x) => x + 0.1 + 0.4 * (next() - 0.5))];
    });
    const h = 1e-6;
    for (const [row, logProbs] of [...alone, ...together]) {
      const { weights } = policyTerms(row, logProbs, objective);
      const capped = objective.surrogate === 'capped';
      const found = logProbs.map((logProb, t) => {
        const at = (value: number): number => {
          const moved = logProbs.with(t, value);
          if (!capped) return lossOf([row], [moved], objective);
          // CISPO's ratio is held: what moves is log p beside it, and the other terms.
          const held = policyTerms(row, logProbs, { ...objective, beta: 0, distil: 0 });
          const own = sum(
            moved.map((x, i) => ((row.scales[i]! * held.losses[i]!) / logProbs[i]!) * x),
          );
          return (
            own +
            lossOf([{ ...row, advantages: row.advantages }], [moved], objective) -
            lossOf([row], [moved], { ...objective, beta: 0, distil: 0 })
          );
        };
        return (at(logProb + h) - at(logProb - h)) / (2 * h);
      });
      within(weights, found, 1e-7);
    }
  });

  it('is 0 beyond a clip, and the clip is told', () => {
    const told = (ratio: number, advantage: number, delta = Number.POSITIVE_INFINITY) => {
      const row = { scales: [1], advantages: [advantage], old: [-1] };
      const terms = policyTerms(row, [-1 + Math.log(ratio)], like({ delta }));
      return [terms.weights[0] === 0, terms.clips[0]];
    };
    expect(told(1.21, 1)).toEqual([true, CLIPPED.high]);
    expect(told(1.19, 1)).toEqual([false, 0]);
    expect(told(0.79, -1)).toEqual([true, CLIPPED.low]);
    expect(told(0.81, -1)).toEqual([false, 0]);
    expect(told(0.5, 1)).toEqual([false, 0]);
    expect(told(3, -1)).toEqual([false, 0]);
    expect(told(3, -1, 2)).toEqual([true, CLIPPED.delta]);
    expect(told(1.9, -1, 2)).toEqual([false, 0]);
  });
});

describe('on paper', () => {
  const row = { scales: [0.5, 0.25, 0], advantages: [1, -2, 5] };
  const logProbs = [-1.5, -0.3, -4];

  test.each(LOSS_TYPES)(
    '%s: when nothing has moved rho is 1, and so is it without old log-probs',
    (type) => {
      const objective = objectiveOf(type, { ...OPEN, epsilonHigh: type === 'cispo' ? 5 : 0 });
      const moved = policyTerms({ ...row, old: logProbs }, logProbs, objective);
      const own = policyTerms(row, logProbs, objective);
      expect(Array.from(moved.ratios)).toEqual([1, 1, 0]);
      expect(Array.from(own.weights)).toEqual(Array.from(moved.weights));
      expect(sum(Array.from(own.clips))).toBe(0);
      // The plain policy gradient: -A per token, weighted; shared by the tokens of a sequence where rho is.
      const alone = [-0.5, 0.5];
      const pooled = type === 'gspo' ? [0, 0] : alone;
      within(Array.from(own.weights).slice(0, 2), pooled, 1e-15);
    },
  );

  test('all advantages 0: no gradient, exactly', () => {
    for (const type of LOSS_TYPES) {
      const none = { ...row, advantages: [0, 0, 0], old: [-1, -1, -1] };
      const { weights } = policyTerms(none, logProbs, objectiveOf(type, OPEN));
      expect(Array.from(weights).every((g) => g === 0)).toBe(true);
    }
  });

  test('KL(pi || pi) is 0 and so is its gradient; beta 0 does not look at the reference', () => {
    const same = { ...row, advantages: [0, 0, 0], reference: logProbs };
    const { losses, weights, kls } = policyTerms(same, logProbs, like({ beta: 0.7 }));
    expect([losses, weights, kls].every((list) => Array.from(list).every((x) => x === 0))).toBe(
      true,
    );
    const wild = { ...row, reference: [Number.NaN, Number.NaN, Number.NaN] };
    expect(policyTerms(wild, logProbs, plain)).toEqual(policyTerms(row, logProbs, plain));
  });

  test('what is left out has nothing, and changes nothing', () => {
    for (const type of LOSS_TYPES) {
      const objective = objectiveOf(type, OPEN);
      const some = { ...row, old: [-1.4, -0.4, -1] };
      const whole = policyTerms(some, logProbs, objective);
      expect([whole.weights[2], whole.losses[2], whole.ratios[2]]).toEqual([0, 0, 0]);
      const cut = Object.fromEntries(
        Object.entries(some).map(([key, list]) => [key, list.slice(0, 2)]),
      ) as never as PolicyTokens;
      const short = policyTerms(cut, logProbs.slice(0, 2), objective);
      expect(Array.from(whole.weights).slice(0, 2)).toEqual(Array.from(short.weights));
    }
  });

  test('log-ratios beyond all bounds leave finite numbers', () => {
    const wild = {
      scales: [1, 1],
      advantages: [-1, 1],
      old: [-1e30, 0],
      reference: [0, -1e30],
      teacher: [-1e30, 0],
    };
    for (const type of LOSS_TYPES) {
      const objective = { ...objectiveOf(type, OPEN), beta: 1, distil: 1, unbiased: true };
      const terms = policyTerms(wild, [-0.1, -80], objective);
      for (const list of Object.values(terms)) {
        expect(Array.from(list as number[]).every(Number.isFinite)).toBe(true);
      }
    }
  });
});

describe('distillation', () => {
  const softmax = (logits: readonly number[], temperature = 1) => {
    const exps = logits.map((x) => Math.exp(x / temperature));
    return exps.map((x) => x / sum(exps));
  };
  const oracle = (id: string) =>
    gkd.cases.find((one) => one.id === id) as never as {
      inputs: never;
      expected: never;
    };

  /**
   * What g_t comes to in expectation over the student's own samples, as a gradient of its logits: every token v is
   * one row, drawn with probability p_v, and d log p_v / dx = (onehot_v - p) / temperature.
   */
  function expected(
    student: readonly number[],
    temperature: number,
    weightOf: (logProb: number, v: number) => number,
  ): number[] {
    const p = softmax(student, temperature);
    return student.map((_, x) =>
      sum(
        p.map((q, v) => (q * weightOf(Math.log(q), v) * ((v === x ? 1 : 0) - p[x]!)) / temperature),
      ),
    );
  }

  test('sampled estimators have the gradients of GKD’s divergences', () => {
    const { inputs, expected: wanted } = oracle('generalised_jsd') as never as {
      inputs: { student_logits: number[]; teacher_logits: number[] };
      expected: { rows: { beta: number; temperature: number; grad_student_logits: number[] }[] };
    };
    const { student_logits: student, teacher_logits: teacher } = inputs;
    for (const { beta, temperature, grad_student_logits } of wanted.rows) {
      if (beta !== 0 && beta !== 1) continue;
      const q = softmax(teacher, temperature).map(Math.log);
      const loss = like({ distil: 1, estimator: beta === 0 ? 'k3' : 'k2' });
      const row = (v: number) => ({ scales: [1], advantages: [0], teacher: [q[v]!] });
      within(
        expected(student, temperature, (logP, v) => policyTerms(row(v), [logP], loss).weights[0]!),
        grad_student_logits,
        1e-7,
      );
      if (beta === 0) continue;
      // k1 as a reward: the score function with advantage -(log p - log q).
      const rewarded = (logP: number, v: number) =>
        policyTerms({ scales: [1], advantages: [q[v]! - logP] }, [logP], plain).weights[0]!;
      within(expected(student, temperature, rewarded), grad_student_logits, 1e-7);
    }
  });

  test('per token with what follows, as in on-policy distillation and MiniLLM', () => {
    const opd = oracle('opd_advantages') as never as {
      inputs: { student_sampling_logp: number[][]; teacher_logp: number[][] };
      expected: { kl_adv_discount_half: number[][]; reverse_kl: number[][] };
    };
    const ratios = opd.expected.reverse_kl.map((row) => row.map((x) => -x));
    within(discounted(ratios[0]!, 0.5), opd.expected.kl_adv_discount_half[0]!);
    within(discounted(ratios[1]!, 0.5), opd.expected.kl_adv_discount_half[1]!);
    within(discounted(ratios[0]!, 0), ratios[0]!);
    const mini = oracle('minillm_advantage') as never as {
      inputs: { student: number[]; teacher: number[]; gamma: number };
      expected: { gamma0: number[]; gamma_norm: number[]; gamma_no_norm: number[] };
    };
    const { student, teacher, gamma } = mini.inputs;
    const own = teacher.map((x, t) => x - student[t]!);
    within(own, mini.expected.gamma0);
    within(discounted(own, gamma, true), mini.expected.gamma_norm);
    // TRL leaves gamma^t in the sums that are not divided.
    const left = discounted(own, gamma).map((x, t) => gamma ** t * x);
    within(left, mini.expected.gamma_no_norm);
  });
});
