// What must hold of every chunk-level beam search, on random table models; and that what is read in ids and what is read
// as text is worth the same.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Chunk,
  drawn,
  EOS,
  near,
  ops,
  random,
  run,
  seeds,
  sizes,
  strangers,
  VOCAB,
} from '../../test/support/searchRuns.ts';
import { type TableModel, tableModel } from '../../test/support/tableModel.ts';
import { defaultsOf } from '../core/params.ts';
import type { TextCodec } from '../core/textCodec.ts';
import { bestOfN } from './bestOfN.ts';
import { weakToStrong } from './weakToStrong.ts';

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
