// The references against answers worked out by hand or by brute force: they are the definition that the
// shaders are judged by, so they are judged here.

import { describe, expect, test } from 'vitest';
import { threefry2x32, uniform } from '../core/rng.ts';
import { bruteDraw } from './bruteDraw.ts';
import { gatherCache } from './gatherCache.ts';
import { likely, makeRows, noise } from './hardRows.ts';
import { shareOf, UNIT } from './kept.ts';
import { type Fields, type Kernel, makeOutputs, type ValuesOf } from './kernel.ts';
import { randomBits } from './randomBits.ts';
import { NONE } from './rows.ts';
import { sampleToken } from './sampleToken.ts';
import { tokenLogProbs } from './tokenLogProbs.ts';
import { top1 } from './top1.ts';
import { topK } from './topK.ts';
import { verifyDraft } from './verifyDraft.ts';

const run = <I extends Fields, O extends Fields, P extends Fields>(
  kernel: Kernel<I, O, P>,
  inputs: Parameters<typeof kernel.reference>[0],
  params: ValuesOf<P>,
) => {
  const outputs = makeOutputs(kernel, params, inputs);
  kernel.reference(inputs, params, outputs);
  return outputs;
};
const rowsOf = (...rows: number[][]) => {
  const vocab = rows[0]?.length ?? 0;
  return {
    logits: Float32Array.from(rows.flat()),
    window: { rows: rows.length, vocab, base: 0, pitch: vocab },
  };
};
/** Logits whose softmax is `probs`. */
const logs = (...probs: number[]) => probs.map(Math.log);
const close = (array: Float32Array) => [...array].map((x) => Number(x.toFixed(5)));

describe('by hand', () => {
  test('top1: token and probability', () => {
    const { logits, window } = rowsOf(logs(0.2, 0.5, 0.3), logs(0.4, 0.2, 0.4), [-5, -4, -4]);
    const { tokens, probs } = run(top1, { logits }, window);
    expect([...tokens]).toEqual([1, 0, 1]);
    expect(close(probs)).toEqual([0.5, 0.4, Number((1 / (2 + Math.exp(-1))).toFixed(5))]);
  });

  test('top1: NaN and +Infinity have no answer, -Infinity has no chance', () => {
    const inf = Number.POSITIVE_INFINITY;
    const { logits, window } = rowsOf([0, Number.NaN], [0, inf], [-inf, -1e29], [-inf, -inf]);
    const { tokens, probs } = run(top1, { logits }, window);
    expect([...tokens]).toEqual([NONE, NONE, 1, 0]);
    expect([...probs]).toEqual([0, 0, 1, 0.5]);
  });

  test('topK: in order, ties by id, filled up with NONE', () => {
    const { logits, window } = rowsOf(logs(0.1, 0.3, 0.2, 0.3, 0.1));
    const three = run(topK, { logits }, { ...window, k: 3 });
    expect([...three.tokens]).toEqual([1, 3, 2]);
    expect(close(three.probs)).toEqual([0.3, 0.3, 0.2]);
    const seven = run(topK, { logits }, { ...window, k: 7 });
    expect([...seven.tokens]).toEqual([1, 3, 2, 0, 4, NONE, NONE]);
  });

  test('topK agrees with sorting', () => {
    const { logits, window } = makeRows({ why: '', rows: 3, vocab: 500, fill: likely });
    const { tokens } = run(topK, { logits }, { ...window, k: 64 });
    for (let row = 0; row < 3; row++) {
      const x = logits.subarray(row * 500, row * 500 + 500);
      const ids = [...x.keys()].sort((a, b) => (x[b] as number) - (x[a] as number) || a - b);
      expect([...tokens.subarray(row * 64, row * 64 + 64)]).toEqual(ids.slice(0, 64));
    }
  });

  test('tokenLogProbs: log p and entropy', () => {
    const { logits, window } = rowsOf(logs(0.25, 0.25, 0.5), logs(1 / 3, 1 / 3, 1 / 3));
    const tokens = Uint32Array.of(2, 0);
    const { logProbs, entropies } = run(tokenLogProbs, { logits, tokens }, window);
    expect(close(logProbs)).toEqual(close(Float32Array.of(Math.log(0.5), Math.log(1 / 3))));
    expect(close(entropies)).toEqual(close(Float32Array.of(1.5 * Math.LN2, Math.log(3))));
  });

  test('verifyDraft: the first token above the threshold that is not the argmax goes', () => {
    const { logits, window } = rowsOf(
      logs(0.7, 0.2, 0.1),
      logs(0.3, 0.4, 0.3),
      logs(0.05, 0.05, 0.9),
      logs(0.1, 0.8, 0.1),
    );
    const judge = (draft: number[], threshold: number) => {
      const inputs = { logits, draft: Uint32Array.from(draft) };
      const { verdict, numbers } = run(verifyDraft, inputs, {
        ...window,
        rows: draft.length + 1,
        threshold,
      });
      return { accepted: verdict[0], next: verdict[1], numbers: close(numbers) };
    };
    const nats = (...probs: number[]) => probs.map((p) => Number((-Math.log(p)).toFixed(5)));
    expect(judge([0, 1, 2], 0.1)).toEqual({
      accepted: 3,
      next: 1,
      numbers: [0.8, ...nats(0.7, 0.4, 0.9)],
    });
    expect(judge([0, 0, 0], 1.3)).toEqual({
      accepted: 2,
      next: 2,
      numbers: [0.9, ...nats(0.7, 0.3, 0.05)],
    });
    expect(judge([0, 0, 0], 1)).toMatchObject({ accepted: 1, next: 1 });
    expect(judge([2, 0, 0], 0)).toMatchObject({ accepted: 0, next: 0 });
    expect(judge([], 0)).toEqual({ accepted: 0, next: 0, numbers: [0.7] });
  });

  test('verifyDraft: the threshold itself is not above the threshold', () => {
    const { logits, window } = rowsOf([0, 0], [0, 0]);
    const threshold = Math.LN2; // d of token 1 is exactly log 2
    const { verdict } = run(
      verifyDraft,
      { logits, draft: Uint32Array.of(1) },
      { ...window, threshold },
    );
    expect(verdict[0]).toBe(1);
  });

  test('gatherCache: crop and reorder', () => {
    const cache = Uint32Array.from({ length: 2 * 2 * 3 * 2 }, (_, i) => i);
    const params = { batch: 2, heads: 2, positions: 3, length: 2, width: 2 };
    const { result } = run(gatherCache, { cache, index: Uint32Array.of(1, 1) }, params);
    const once = [12, 13, 14, 15, 18, 19, 20, 21];
    expect([...result]).toEqual([...once, ...once]);
  });

  test('randomBits: the known answers of Random123', () => {
    const { params, inputs } = randomBits.cases[0]?.make() ?? { params: { draws: 0 } };
    if (!inputs) throw new Error('no case');
    const { bits } = run(randomBits, inputs, params);
    expect([...bits].map((word) => word.toString(16))).toEqual([
      ...['6b200159', '99ba4efe', '1cb996fc', 'bb002be7', 'c4923a9c', '483df7a0'],
    ]);
    expect(threefry2x32(0, 0, 0, 0)).toEqual([0x6b200159, 0x99ba4efe]);
  });
});

describe('sampling', () => {
  const base = { temperature: 1, topK: 0, topP: 2 ** 24, minWeight: 0, seed: 1, run: 0 };

  test('shareOf multiplies exactly', () => {
    for (let i = 0; i < 200; i++) {
      const total = Math.floor(noise(i, 0) * 2 ** 46);
      const share = Math.floor(noise(i, 1) * (2 ** 24 + 1));
      const product = BigInt(total) * BigInt(share);
      const { floor, exact } = shareOf(total, share);
      expect(BigInt(floor)).toBe(product >> 24n);
      expect(exact).toBe((product & 0xffffffn) === 0n);
    }
  });

  test('every case is beyond doubt, and brute force in float64 agrees', () => {
    for (const { why, make } of sampleToken.cases) {
      const { params, inputs } = make();
      const { tokens, probs } = run(sampleToken, inputs, params);
      for (let r = 0; r < params.rows; r++) {
        const start = params.base + r * params.pitch;
        const row = inputs.logits.subarray(start, start + params.vocab);
        const u = uniform({ ...params, row: inputs.slots[r] as number });
        for (const nudge of [0, -1e-5, 1e-5]) {
          const draw = bruteDraw(row, params, Math.max(0, u + nudge), nudge);
          expect([why, r, nudge, tokens[r]]).toEqual([why, r, nudge, draw.token]);
          if (nudge === 0) expect(Math.abs(draw.prob - (probs[r] as number))).toBeLessThan(1e-4);
        }
      }
    }
  });

  test('draws follow the filtered distribution (chi-square)', () => {
    const probs = [0.02, 0.3, 0.03, 0.25, 0.15, 0.05, 0.2];
    const { logits, window } = rowsOf(logs(...probs));
    const filters = { temperature: 0.9, topK: 5, topP: Math.round(0.97 * 2 ** 24) };
    const params = { ...window, ...base, ...filters, minWeight: UNIT / 8 };
    const expected = bruteDraw(logits, params, 0).probs;
    expect(expected.filter((p) => p > 0)).toHaveLength(5);

    const draws = 20_000;
    const counts = new Float64Array(probs.length);
    for (let step = 0; step < draws; step++) {
      const { tokens } = run(
        sampleToken,
        { logits, slots: Uint32Array.of(0) },
        { ...params, step },
      );
      const token = tokens[0] as number;
      counts[token] = (counts[token] as number) + 1;
    }
    let chi2 = 0;
    expected.forEach((p, id) => {
      const count = counts[id] as number;
      if (p === 0) expect(count).toBe(0);
      else chi2 += (count - draws * p) ** 2 / (draws * p);
    });
    expect(chi2).toBeLessThan(23.5); // 4 degrees of freedom, exceeded once in 10,000 seeds
  });
});
