// Chunk-level beam search on table models: the oracle's traces with their own uniforms, its limits, and that what is
// read in ids and what is read as text is worth the same.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import oracle from '../../test/oracles/w2s_search.json' with { type: 'json' };
import { bigram, type TableModel, tableModel } from '../../test/support/tableModel.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import type { AnyAlgorithm } from '../core/algorithm.ts';
import type { DecodeEvent } from '../core/events.ts';
import type { Ops } from '../core/ops.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import { uniform } from '../core/rng.ts';
import type { ByRole } from '../core/roles.ts';
import type { TextCodec } from '../core/textCodec.ts';
import { bruteDraw } from '../kernels/bruteDraw.ts';
import { judgeIds } from './beamScores.ts';
import { bestOfN } from './bestOfN.ts';
import { chunkSearch } from './chunkSearch.ts';
import { sample } from './sample.ts';
import { weakToStrong } from './weakToStrong.ts';

const { ops } = createCpuBackend();
const F32 = 2e-5;
const near = (got: number, wanted: number) =>
  expect(Math.abs(got - wanted) <= F32, `${got}, expected ${wanted}`).toBe(true);

interface Models {
  readonly large: TableModel;
  readonly tuned: TableModel;
  readonly untuned: TableModel;
}
type Chunk = Extract<DecodeEvent, { readonly type: 'chunk' }>;

async function gather(events: AsyncIterable<DecodeEvent>) {
  const all: DecodeEvent[] = [];
  for await (const event of events) all.push(event);
  const chunks = all.filter((event): event is Chunk => event.type === 'chunk');
  const tokens = all.flatMap((event) => (event.type === 'token' ? [event] : []));
  const winner = all.find((event) => event.type === 'winner');
  return { all, chunks, tokens, text: tokens.map(({ token }) => token), winner };
}

interface Setting {
  readonly prompt?: readonly number[];
  readonly maxTokens?: number;
  readonly seed?: number;
  readonly run?: number;
  readonly text?: ByRole<TextCodec>;
  readonly on?: Ops;
}
const run = (
  algorithm: unknown,
  models: ByRole<TableModel>,
  params: Readonly<Record<string, ParamValue>>,
  { prompt = [2], maxTokens = 12, seed = 1, run: number = 0, text, on = ops }: Setting = {},
) => {
  const any = algorithm as AnyAlgorithm;
  const all = { ...defaultsOf(any.params), ...params };
  const context = { models, ops: on, prompt, maxTokens, params: all, seed, run: number };
  return gather(any.decode(text ? { ...context, text } : context));
};

interface Tables {
  readonly prompt: number[];
  readonly base_logits: number[][];
  readonly tuned_logits: number[][];
  readonly untuned_logits: number[][];
}
const bigrams = (rows: readonly (readonly number[])[], eos = 1): TableModel =>
  bigram(Object.fromEntries(rows.entries()), eos);
const modelsOf = (tables: Tables): Models => ({
  large: bigrams(tables.base_logits),
  tuned: bigrams(tables.tuned_logits),
  untuned: bigrams(tables.untuned_logits),
});

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

const VOCAB = 7;
const EOS = 1;
/** Token 0 is nothing that a text contains. */
const random = (seed: number, who: number, vocab = VOCAB, end = 1): TableModel =>
  tableModel(
    (prefix) =>
      Array.from({ length: vocab }, (_, row) => {
        const step = (prefix.at(-1) ?? 0) * 11 + (prefix.at(-2) ?? 0);
        const u = uniform({ seed, run: who, step, row });
        return row === 0 ? -30 : 5 * u - (row === EOS ? end : 0);
      }),
    vocab,
    EOS,
  );
const strangers = (seed: number): Models => ({
  large: random(seed, 1),
  tuned: random(seed, 2),
  untuned: random(seed, 3),
});
const seeds = fc.nat(1e6);
const sizes = fc.record({
  beams: fc.integer({ min: 1, max: 4 }),
  successors: fc.integer({ min: 1, max: 4 }),
  chunkLength: fc.integer({ min: 1, max: 6 }),
});
const drawn = { temperature: 1, topK: 5, topP: 0.95, minP: 0.01 };

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

describe('what must hold', () => {
  test('the tree adds up: parents, scores, what is kept, and the text that comes out', () =>
    fc.assert(
      fc.asyncProperty(seeds, sizes, async (seed, size) => {
        const models = strangers(seed);
        const { all, chunks, text, winner } = await run(
          weakToStrong,
          models,
          { ...size, ...drawn },
          { seed },
        );
        const W = size.beams;
        let texts: number[][] = [];
        let grown = new Map<number, number[]>();
        let round = 0;
        for (const event of all) {
          if (event.type === 'beams') {
            event.rows.forEach((row, i) => {
              grown.set(row, [...(grown.get(row) ?? []), event.tokens[i] as number]);
            });
          }
          if (event.type !== 'chunk') continue;
          const { candidates } = event;
          expect(candidates).toHaveLength(W * size.successors);
          const before = texts;
          const ranked = (chunks[round - 1]?.candidates ?? [])
            .filter(({ rank }) => rank !== undefined)
            .sort((a, b) => (a.rank as number) - (b.rank as number));
          texts = candidates.map(({ row, parent, tokens }, i) => {
            expect(row).toBe(i);
            expect(tokens).toEqual(grown.get(row) ?? []);
            if (round === 0) expect(parent).toBeUndefined();
            else expect(parent).toBe(ranked[i % ranked.length]?.row);
            return [...(parent === undefined ? [] : (before[parent] as number[])), ...tokens];
          });
          const kept = candidates.filter(({ rank }) => rank !== undefined);
          expect(kept).toHaveLength(Math.min(W, candidates.length));
          const lowest = Math.min(...kept.map(({ score }) => score));
          for (const { rank, score } of candidates) {
            if (rank === undefined) expect(score).toBeLessThanOrEqual(lowest);
          }
          // One that had ended keeps its score.
          for (const { parent, tokens, score } of candidates) {
            if (tokens.length > 0 || parent === undefined) continue;
            expect(score).toBe(chunks[round - 1]?.candidates[parent]?.score);
          }
          grown = new Map();
          round++;
        }
        if (winner?.type !== 'winner') throw new Error('no winner');
        expect(text).toEqual(texts[winner.row]);
        expect(all.filter(({ type }) => type === 'token')).toHaveLength(text.length);
      }),
      { numRuns: 60 },
    ));

  test('a score is what reading the whole text anew gives', () =>
    fc.assert(
      fc.asyncProperty(seeds, sizes, async (seed, size) => {
        const models = strangers(seed);
        const { text, winner, all } = await run(
          weakToStrong,
          models,
          { ...size, ...drawn },
          { seed },
        );
        const finished = all.at(-1);
        const cut = finished?.type === 'finished' && finished.reason === 'length';
        const y = [2, ...text, ...(cut ? [EOS] : [])];
        const logProb = async (model: TableModel) => {
          const logits = await model.logits(y.slice(0, -1), 1);
          const { logProbs } = await ops.tokenLogProbs(logits, y.slice(1));
          return logProbs.reduce((sum, x) => sum + x, 0);
        };
        const value = (await logProb(models.tuned)) - (await logProb(models.untuned));
        near(winner?.type === 'winner' ? winner.score : Number.NaN, value);
      }),
      { numRuns: 40 },
    ));

  /** Characters of one alphabet in two orders; every character is a token. */
  const alphabet = 'abcdefgh';
  const codec = (order: string, joined?: string): TextCodec => {
    // Ids 0 and 1 are no characters.
    const pieces = [...order].map((character, i) => [character, i + 2] as const);
    const ids = new Map(pieces);
    const letters = new Map(pieces.map(([character, id]) => [id, character]));
    const joinedId = pieces.length + 2;
    return {
      encode(text) {
        const found: number[] = [];
        for (let i = 0; i < text.length; i++) {
          if (joined && text.startsWith(joined, i)) {
            found.push(joinedId);
            i += joined.length - 1;
          } else found.push(ids.get(text[i] as string) as number);
        }
        return found;
      },
      decode: (some) =>
        some.map((id) => (id === joinedId && joined ? joined : (letters.get(id) ?? ''))).join(''),
      piece: (id) => letters.get(id) ?? '',
    };
  };
  const letters = alphabet.slice(0, VOCAB - 2);

  test('where vocabularies coincide, texts are worth what ids are', () =>
    fc.assert(
      fc.asyncProperty(seeds, sizes, async (seed, size) => {
        const models = strangers(seed);
        const same = codec(letters);
        const text = { large: same, tuned: same, untuned: same };
        const params = { ...size, ...drawn };
        const ids = await run(weakToStrong, models, params, { seed });
        const anew = await run(weakToStrong, models, params, { seed, text });
        expect(anew.text).toEqual(ids.text);
        ids.chunks.forEach(({ candidates }, round) => {
          candidates.forEach(({ score }, row) => {
            near(anew.chunks[round]?.candidates[row]?.score as number, score);
          });
        });
      }),
      { numRuns: 40 },
    ));

  test('a pair with tokens of its own judges the same text: also across the end of the prompt', async () => {
    // The pair's alphabet runs backwards, and "ab" is one token to it.
    const own = codec([...letters].reverse().join(''), 'ab');
    const writer = codec(letters);
    for (let seed = 0; seed < 30; seed++) {
      const models = {
        large: random(seed, 1),
        tuned: random(seed, 2, VOCAB + 1),
        untuned: random(seed, 3, VOCAB + 1),
      };
      const text = { large: writer, tuned: own, untuned: own };
      const size = { beams: 2, successors: 2, chunkLength: 2 };
      // The prompt ends with "a": a "b" after it joins the prompt's last token.
      const prompt = [4, 2];
      const setting = { seed, text, prompt, maxTokens: 6 };
      const found = await run(weakToStrong, models, { ...size, ...drawn }, setting);
      const last = found.chunks.at(-1) as Chunk;
      const winner = found.winner?.type === 'winner' ? found.winner : undefined;
      const whole = own.encode(writer.decode([...prompt, ...found.text]));
      const asked = own.encode(writer.decode(prompt));
      const y = [...whole, EOS];
      let from = 0;
      while (from < asked.length && asked[from] === y[from]) from++;
      const logProb = async (model: TableModel) => {
        const logits = await model.logits(y.slice(0, -1), from);
        const { logProbs } = await ops.tokenLogProbs(logits, y.slice(from));
        return logProbs.reduce((sum, x) => sum + x, 0);
      };
      if (from === 0) continue;
      const value = (await logProb(models.tuned)) - (await logProb(models.untuned));
      near(winner?.score as number, value);
      expect(last.candidates.some(({ score }) => score === winner?.score)).toBe(true);
    }
  });

  test('the same seed gives the same search, and more rows do not change the first ones’ draws', async () => {
    const models = strangers(5);
    const four = await run(bestOfN, models, { samples: 4, ...drawn });
    const again = await run(bestOfN, models, { samples: 4, ...drawn });
    expect(again.all).toEqual(four.all);
    const nine = await run(bestOfN, models, { samples: 9, ...drawn });
    const texts = ({ chunks }: typeof four) => chunks[0]?.candidates.map(({ tokens }) => tokens);
    expect(texts(nine)?.slice(0, 4)).toEqual(texts(four));
  });

  test('the large model runs once for each token, the pair once for each chunk', async () => {
    const models = {
      large: random(3, 1, VOCAB, 30),
      tuned: random(3, 2),
      untuned: random(3, 3),
    };
    const size = { beams: 2, successors: 3, chunkLength: 4 };
    await run(weakToStrong, models, { ...size, ...drawn }, { maxTokens: 12 });
    expect(models.large.count.passes).toBe(12);
    expect(models.tuned.count).toEqual({ passes: 3, positions: 3 * 6 * 4 + 6 });
    expect(models.untuned.count.passes).toBe(3);
  });

  test('several passes judge a chunk where one would have too many logits', async () => {
    // 40,000 columns: 16 beams of 30 tokens are more than fits.
    const wide = (who: number): TableModel => {
      const vocab = 40_000;
      const row = Array.from({ length: vocab }, (_, id) => (id % 97) / 30 + who / (id + 2));
      return tableModel(() => row, vocab, vocab - 1);
    };
    const models = { large: wide(1), tuned: wide(2), untuned: wide(3) };
    const { winner } = await run(
      bestOfN,
      models,
      { samples: 16, temperature: 1, topK: 0 },
      { maxTokens: 30 },
    );
    expect(models.tuned.count.passes).toBeGreaterThan(1);
    expect(winner?.type === 'winner' && Number.isFinite(winner.score)).toBe(true);
  });

  test('stopped between two events it holds no logits', async () => {
    let held = 0;
    const counted = (model: TableModel): TableModel => ({
      ...model,
      nextLogits: async (batch) => counting(await model.nextLogits(batch)),
      batchLogits: async (batch, from) => counting(await model.batchLogits(batch, from)),
    });
    const counting = <T extends { dispose(): void }>(logits: T): T => {
      held++;
      logits.dispose = () => {
        held--;
      };
      return logits;
    };
    const { large, tuned, untuned } = strangers(2);
    const models = { large: counted(large), tuned: counted(tuned), untuned: counted(untuned) };
    const params = { ...defaultsOf(weakToStrong.params), ...drawn };
    const context = { models, ops, prompt: [2], maxTokens: 9, params, seed: 1, run: 0 };
    const events = weakToStrong.decode(context);
    for (let i = 0; i < 9; i++) {
      await events.next();
      expect(held).toBe(0);
    }
    await events.return();
    expect(held).toBe(0);
  });
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
