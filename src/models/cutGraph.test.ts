// A head that runs for some positions at a time learns what it learns at once, and its logits are never larger than they
// may be: own decoders and all families, weights and adapters, supervised and by reward.

import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { families, familyBytes } from '../../test/families/index.ts';
import { modelBytes, tiny } from '../../test/support/ownDecoder.ts';
import type { PolicySequence } from '../core/policy.ts';
import { objectiveOf } from '../core/policyVariants.ts';
import { uniforms } from '../core/rng.ts';
import type { TokenRow } from '../core/trainable.ts';
import { cutSource } from './cutGraph.ts';
import { OrtTrainable } from './ortTrainable.ts';
import type { OrtRuntime } from './runtime.ts';
import type { BatchGradients, TrainableOptions } from './trainable.ts';
import { sourceFrom } from './trainingSource.ts';

const MOST = 7;
const logitsBytes = 4 * tiny.vocabulary * MOST;
const lora = { rank: 3, alpha: 6, targets: 'all', seed: 5 } as const;
let runtime: OrtRuntime;
/** Axes of all float tensors with a column for each token that any session was given or has given out. */
const seen: number[] = [];
const made: OrtTrainable[] = [];
beforeAll(async () => {
  const plain = await loadNodeRuntime();
  const look = (tensors: Readonly<Record<string, { readonly dims: readonly number[] }>>) => {
    for (const [name, { dims }] of Object.entries(tensors)) {
      if (name.includes('logProbs') || dims.at(-1) !== tiny.vocabulary || dims.length < 3) continue;
      seen.push(dims.slice(0, -1).reduce((size, dim) => size * dim, 1));
    }
  };
  runtime = {
    ...plain,
    async createSession(...given) {
      const session = await plain.createSession(...given);
      const run = session.run.bind(session);
      session.run = (async (feeds: Record<string, { dims: readonly number[] }>) => {
        const outputs = await run(feeds as never);
        look(feeds);
        look(outputs);
        // The head makes as many rows of logits as it has targets.
        if (feeds.targets) seen.push(feeds.targets.dims.reduce((size, dim) => size * dim, 1));
        return outputs;
      }) as typeof session.run;
      return session;
    },
  };
});
afterEach(async () => {
  for (const one of made.splice(0)) await one.release();
});

const random = uniforms(3, 0);
const token = () => 3 + Math.floor(random() * 70);
const rows: TokenRow[] = [9, 4, 11, 6, 9].map((length) => {
  const tokens = Array.from({ length }, token);
  const targets = [...tokens.slice(1), token()];
  return { tokens, targets, weights: tokens.map((_, t) => (t % 4 === 0 ? 0 : random() - 0.8)) };
});

async function both(bytes: Uint8Array<ArrayBuffer>, options: Partial<TrainableOptions> = {}) {
  const make = async (more: Partial<TrainableOptions>) => {
    const one = await OrtTrainable.create(bytes, runtime, {
      contextLength: tiny.context,
      microBatch: 3,
      ...options,
      ...more,
    });
    made.push(one);
    return one;
  };
  return [await make({}), await make({ logitsBytes })] as const;
}

const most = (values: Iterable<number>) => [...values].reduce((m, x) => (x <= m ? m : x), 0);
function near(a: ArrayLike<number>, b: ArrayLike<number>, what: string): void {
  expect(a.length, what).toBe(b.length);
  const size = Math.max(1e-3, most(Array.from(b, Math.abs)));
  const difference = most(Array.from(a, (x, i) => Math.abs(x - b[i]!)));
  expect(difference / size, what).toBeLessThanOrEqual(1e-5);
}
function same(cut: BatchGradients, whole: BatchGradients): void {
  cut.logProbs.forEach((row, r) => {
    near(row, whole.logProbs[r]!, `row ${r}`);
  });
  expect([...cut.gradients.keys()]).toEqual([...whole.gradients.keys()]);
  for (const [name, gradient] of cut.gradients) near(gradient, whole.gradients.get(name)!, name);
}

const trained = families.filter((family) => !/without|float16/.test(family));
const cases = trained.flatMap((family) => [
  ...(family.includes('int4') ? [] : [[family, undefined] as const]),
  [family, lora] as const,
]);

describe('a head in pieces', () => {
  it.each(cases)('%s: has the gradients of the whole', async (family, settings) => {
    const bytes = familyBytes(family, 1);
    const options = settings ? { lora: settings } : {};
    const sizes = { rows: 3, columns: tiny.context, logitsBytes };
    expect(cutSource(sourceFrom(bytes, options), sizes)?.cut.rows).toBe(MOST);
    const [whole, cut] = await both(bytes, options);
    const expected = await whole.gradients(rows);
    seen.length = 0;
    same(await cut.gradients(rows), expected);
    expect(most(seen)).toBe(MOST);
  });

  it('of packed rows as well', async () => {
    const packed = [{ ...rows[2]!, starts: [0, 4, 7] }, rows[0]!];
    const [whole, cut] = await both(modelBytes(), { packed: true });
    same(await cut.gradients(packed), await whole.gradients(packed));
  });

  it('scores, and learns from rewards', async () => {
    const byReward = { temperature: 0.7, reference: true };
    const models = await both(modelBytes(), { byReward });
    const sequences = rows.map(({ tokens }, i): PolicySequence => {
      const completion = tokens.slice(2);
      return {
        prompt: tokens.slice(0, 2),
        completion,
        scales: completion.map(() => 0.05),
        advantages: completion.map(() => [1.5, -0.7, 0.4, -1.2, 0.9][i]!),
        old: completion.map((_, t) => -4 + 0.2 * Math.sin(3 * i + t)),
        reference: completion.map(() => -4.1),
      };
    });
    for (const type of ['dapo', 'gspo'] as const) {
      const usual = { epsilon: 0.5, epsilonHigh: 0, delta: 0 };
      const objective = { ...objectiveOf(type, usual, byReward.temperature), beta: 0.1 };
      const learned = [];
      for (const [i, model] of models.entries()) {
        seen.length = 0;
        const scores = await model.score(sequences, 'reference');
        const terms = await model.learn(sequences, objective);
        if (i === 1) expect(most(seen)).toBe(MOST);
        const { gradNorm } = await model.step({
          learningRate: 1e-3,
          beta1: 0.9,
          beta2: 0.99,
          epsilon: 1e-8,
          weightDecay: 0,
          clip: 0,
        });
        learned.push({ scores, terms, gradNorm });
      }
      const [whole, cut] = learned;
      expect(whole!.gradNorm).toBeGreaterThan(0.01);
      near([cut!.gradNorm], [whole!.gradNorm], type);
      sequences.forEach((_, i) => {
        near(cut!.scores[i]!.logProbs, whole!.scores[i]!.logProbs, `${type} reference`);
        near(cut!.terms[i]!.logProbs, whole!.terms[i]!.logProbs, type);
        near(cut!.terms[i]!.entropies, whole!.terms[i]!.entropies, `${type} entropies`);
        near(cut!.terms[i]!.ratios, whole!.terms[i]!.ratios, `${type} ratios`);
      });
    }
  });

  it('leaves nothing behind when a pass fails and is tried again in halves', async () => {
    const [whole, cut] = await both(modelBytes(), { microBatch: 5 });
    const expected = await whole.gradients(rows);
    const smaller: number[] = [];
    const sizes = { rows: 5, columns: tiny.context, logitsBytes };
    const { hidden } = cutSource(sourceFrom(modelBytes(), {}), sizes)!.cut;
    let failures = 1;
    const failing: OrtRuntime = {
      ...runtime,
      async createSession(...given) {
        const session = await runtime.createSession(...given);
        const run = session.run.bind(session);
        session.run = (async (feeds: Record<string, unknown>) => {
          if (`d${hidden}` in feeds && failures-- > 0) throw new Error('std::bad_alloc');
          return run(feeds as never);
        }) as typeof session.run;
        return session;
      },
    };
    const short = await OrtTrainable.create(modelBytes(), failing, {
      contextLength: tiny.context,
      microBatch: 5,
      logitsBytes,
      onSmaller: (count) => smaller.push(count),
    });
    made.push(short);
    same(await short.gradients(rows), expected);
    expect(smaller).toEqual([3]);
    same(await cut.gradients(rows), expected);
  });
});
