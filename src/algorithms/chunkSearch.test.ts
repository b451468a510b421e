// Chunk-level beam search on table models: the oracle’s traces with their own uniforms, its limits, and what is refused.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import oracle from '../../test/oracles/w2s_search.json' with { type: 'json' };
import {
  type Chunk,
  drawn,
  gather,
  modelsOf,
  near,
  ops,
  random,
  run,
  seeds,
  sizes,
  strangers,
  type Tables,
} from '../../test/support/searchRuns.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import type { Ops } from '../core/ops.ts';
import { defaultsOf } from '../core/params.ts';
import { bruteDraw } from '../kernels/bruteDraw.ts';
import { judgeIds } from './beamScores.ts';
import { bestOfN } from './bestOfN.ts';
import { chunkSearch } from './chunkSearch.ts';
import { sample } from './sample.ts';
import { weakToStrong } from './weakToStrong.ts';

describe('the oracle', () => {
  interface Trace {
    readonly id: string;
    readonly inputs: {
      readonly models: Tables;
      readonly W: number;
      readonly K: number;
      readonly L: number | null;
      readonly max_new_tokens: number;
      readonly temperature: number;
      readonly top_k: number;
      readonly top_p: number;
      readonly uniforms: readonly (readonly number[])[];
    };
    readonly expected: {
      readonly output: readonly number[];
      readonly chunks: readonly {
        readonly after_step: number;
        readonly sequences: readonly (readonly number[])[];
        readonly unfinished: readonly number[];
        readonly scores: readonly number[];
        readonly top_w: readonly number[];
      }[];
    };
  }
  const traces = (oracle.cases as unknown as Trace[]).filter(({ id }) => id.startsWith('cbs_'));
  /** Their padding, after the end of a text. */
  const PAD = 0;
  const without = (tokens: readonly number[]) => tokens.filter((token) => token !== PAD);

  test('has four traces', () => expect(traces).toHaveLength(4));

  test.each(traces.map((trace) => [trace.id, trace] as const))('%s', async (_, trace) => {
    const { inputs, expected } = trace;
    const { W, K, L, max_new_tokens: maxTokens, temperature, top_k: topK, top_p: topP } = inputs;
    /** Draws with the trace's uniforms instead of addressed ones. */
    const replayed: Ops = {
      ...ops,
      async sampleTokens(logits, sampling, { step }, slots) {
        const filters = { ...sampling, topP: Math.round(sampling.topP * 2 ** 24), minWeight: 0 };
        return Promise.all(
          slots.map(async (slot, i) => {
            const row = logits.rows === 1 ? 0 : i;
            const tokens = Array.from({ length: logits.vocab }, (_, id) => id);
            const best = await ops.topK(logits, row, logits.vocab);
            const probs = new Map(best.map(({ token, prob }) => [token, prob]));
            const levels = Float32Array.from(tokens, (id) => Math.log(probs.get(id) as number));
            const { token, prob } = bruteDraw(
              levels,
              filters,
              inputs.uniforms[step]?.[slot] as number,
            );
            return { token, prob };
          }),
        );
      },
    };
    const models = modelsOf(inputs.models);
    const { prompt } = inputs.models;
    const { chunks, text, winner, all } = await gather(
      chunkSearch(
        { beams: W, successors: K, chunkLength: L ?? maxTokens },
        {
          models,
          ops: replayed,
          prompt,
          maxTokens,
          params: { temperature, topK, topP, minP: 0 },
          seed: 0,
          run: 0,
        },
      ),
    );
    expect(text).toEqual(without(expected.output));
    expect(chunks).toHaveLength(expected.chunks.length);
    const written: number[][] = [];
    expected.chunks.forEach((wanted, round) => {
      const { candidates, at } = chunks[round] as Chunk;
      expect(candidates.map(({ finished }) => (finished ? 0 : 1))).toEqual(wanted.unfinished);
      wanted.scores.forEach((score, row) => {
        near(candidates[row]!.score, score);
      });
      const before = written.splice(0);
      candidates.forEach(({ parent, tokens }, row) => {
        written.push([...(parent === undefined ? [] : (before[parent] as number[])), ...tokens]);
        expect(written[row]).toEqual(without(wanted.sequences[row] as number[]));
      });
      const kept = candidates.filter(({ rank }) => rank !== undefined);
      const byRank = [...kept].sort((a, b) => (a.rank as number) - (b.rank as number));
      expect(byRank.map(({ row }) => row)).toEqual(wanted.top_w);
      const steps = expected.chunks[round - 1]?.after_step ?? 0;
      expect(at).toBe(prompt.length + steps);
    });
    expect(winner).toMatchObject({ row: expected.chunks.at(-1)?.top_w[0] });
    expect(all.at(-1)).toMatchObject({ type: 'finished' });
  });

  test('implicit_value: a sum over the response, and over its end once it is finished', async () => {
    const found = oracle.cases.find(({ id }) => id === 'implicit_value') as unknown as {
      readonly inputs: { readonly models: Tables; readonly responses: readonly number[][] };
      readonly expected: { readonly V: readonly number[] };
    };
    const { inputs, expected } = found;
    const judge = judgeIds({
      models: modelsOf(inputs.models),
      ops,
      prompt: inputs.models.prompt,
      maxTokens: 9,
      params: { temperature: 1, topK: 0, topP: 1, minP: 0 },
      seed: 0,
      run: 0,
    });
    const beams = inputs.responses.map((tokens) => ({
      tokens: [...tokens],
      probs: [],
      score: 0,
      finished: tokens.at(-1) === 1,
    }));
    const scores = await judge(beams, 0);
    expected.V.forEach((value, i) => {
      near(scores[i] as number, value);
    });
    // Chunk by chunk it is the same sum.
    for (const beam of beams.filter(({ tokens }) => tokens.length > 1)) {
      const whole = scores[beams.indexOf(beam)] as number;
      const first = { ...beam, tokens: beam.tokens.slice(0, 1), finished: false };
      const [before] = await judge([first], 0);
      const [after] = await judge([{ ...beam, score: before as number }], 1);
      near(after as number, whole);
    }
  });
});

describe('limits', () => {
  test('one beam with one successor is sampling with the large model alone', () =>
    fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 6 }), async (seed, chunkLength) => {
        const models = strangers(seed);
        const size = { beams: 1, successors: 1, chunkLength };
        const searched = await run(weakToStrong, models, { ...size, ...drawn }, { seed, run: 3 });
        const alone = await run(sample, models, { ...drawn, model: 'large' }, { seed, run: 3 });
        expect(searched.text).toEqual(alone.text);
        expect(searched.tokens).toEqual(alone.tokens);
        expect(searched.all.at(-1)).toEqual(alone.all.at(-1));
      }),
      { numRuns: 40 },
    ));

  test('one beam with chunks without end is the best of its samples', () =>
    fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 6 }), async (seed, samples) => {
        const models = strangers(seed);
        const { text, chunks, winner } = await run(
          bestOfN,
          models,
          { samples, ...drawn },
          { seed },
        );
        const size = { beams: 1, successors: samples, chunkLength: 12 };
        expect((await run(weakToStrong, models, { ...size, ...drawn }, { seed })).text).toEqual(
          text,
        );
        expect(chunks).toHaveLength(1);
        const { candidates } = chunks[0] as Chunk;
        expect(candidates).toHaveLength(samples);
        const scores = candidates.map(({ score }) => score);
        // Never below its first sample, or any other.
        expect(winner).toMatchObject({
          score: Math.max(...scores),
          row: scores.indexOf(Math.max(...scores)),
        });
        expect(text).toEqual(candidates[scores.indexOf(Math.max(...scores))]?.tokens);
      }),
      { numRuns: 40 },
    ));

  test('a pair that learned nothing keeps the first row: scores are all 0', () =>
    fc.assert(
      fc.asyncProperty(seeds, sizes, async (seed, size) => {
        const models = { ...strangers(seed), untuned: random(seed, 2) };
        const { chunks } = await run(weakToStrong, models, { ...size, ...drawn }, { seed });
        for (const { candidates } of chunks) {
          for (const { score } of candidates) near(score, 0);
          expect(candidates[0]?.rank).toBe(0);
        }
      }),
      { numRuns: 20 },
    ));
});

describe('what is refused, in a sentence', () => {
  test('several candidates without chance', () => {
    const search = weakToStrong as unknown as AnyAlgorithm;
    const given = defaultsOf(weakToStrong.params);
    expect(() => search.check?.({ ...given, temperature: 0 })).toThrow(
      'At temperature 0 all 4 candidates after a beam are equal: there is nothing to choose from.',
    );
    expect(() => search.check?.({ ...given, temperature: 0, successors: 1 })).not.toThrow();
    const best = bestOfN as unknown as AnyAlgorithm;
    expect(() => best.check?.({ ...defaultsOf(bestOfN.params), temperature: 0 })).toThrow('all 16');
  });

  test('more beams than fit, with the number', async () => {
    const models = strangers(1);
    const heavy = { ...models.tuned, bytesPerToken: 1e6, mostBytes: 5e8 };
    await expect(
      run(weakToStrong, { ...models, tuned: heavy }, drawn, { maxTokens: 99 }),
    ).rejects.toMatchObject({
      code: 'context',
      message:
        '16 candidates of 100 tokens need 1.6 GB for what the tuned model has read; at most 0.5 GB fit.',
    });
  });
});
