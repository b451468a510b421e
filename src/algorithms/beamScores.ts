// How a small pair judges beams (METHODS 2.1, 2.4): V = sum of log p_tuned - log p_untuned over a beam's new tokens,
// and over the end of the text once it has ended. In ids, chunk by chunk, while all models share a vocabulary; else on
// the text, tokenised by each of the two for itself, from the prompt on.

import type { DecodeContext } from '../core/algorithm.ts';
import type { LanguageModel } from '../core/languageModel.ts';
import type { JudgedRows, Sampling } from '../core/ops.ts';
import type { ByRole } from '../core/roles.ts';
import type { TextCodec } from '../core/textCodec.ts';

/** A text in the making. */
export interface Beam {
  /** New ones, that which ends the text included. */
  readonly tokens: number[];
  /** With which each was drawn. */
  readonly probs: number[];
  /** Nats. */
  score: number;
  /** Ended, or as long as allowed. */
  finished: boolean;
  /** Row of the beam that it continues, in the round before. */
  readonly parent?: number;
}

export type SearchContext = Pick<
  DecodeContext<Sampling, 'large' | 'tuned' | 'untuned'>,
  'models' | 'text' | 'ops' | 'prompt' | 'maxTokens' | 'params' | 'seed' | 'run'
>;

/**
 * Scores of beams that were open when the chunk began.
 * @param begin tokens that each had then
 */
export type Judge = (beams: readonly Beam[], begin: number) => Promise<readonly number[]>;

/** What one model reads of a set of beams: sequences, and from which place on each counts. */
interface Reading {
  readonly model: LanguageModel;
  readonly sequences: readonly (readonly number[])[];
  readonly from: readonly number[];
}

/** Most logits of one pass, about 64 MB: what a buffer holds on any GPU, in rows of the largest vocabularies. */
const MOST_LOGITS = 2 ** 24;

export function judgeIds({ models, ops, prompt }: SearchContext): Judge {
  return async (beams, begin) => {
    const sequences = beams.map((beam) => [...prompt, ...judgedTokens(beam, models.large)]);
    const from = beams.map(() => prompt.length + begin);
    const gained = await judged(
      { model: models.tuned, sequences, from },
      { model: models.untuned, sequences, from },
      ops,
    );
    return beams.map(({ score }, i) => score + (gained[i] as number));
  };
}

export function judgeTexts({ models, ops, prompt }: SearchContext, text: ByRole<TextCodec>): Judge {
  const writer = codecOf(text, 'large');
  const asked = writer.decode(prompt);

  function reading(role: 'tuned' | 'untuned', beams: readonly Beam[]): Reading {
    const model = models[role];
    const codec = codecOf(text, role);
    const [end] = model.eos;
    const given = codec.encode(asked);
    const sequences = beams.map(({ tokens, finished }) => {
      const ids = codec.encode(writer.decode([...prompt, ...tokens]));
      return finished && end !== undefined ? [...ids, end] : ids;
    });
    // Where prompt and answer meet, a tokenizer may join them: what is no longer the prompt's own counts.
    const from = sequences.map((ids) => Math.max(1, commonLength(given, ids)));
    return { model, sequences, from };
  }

  return (beams) => judged(reading('tuned', beams), reading('untuned', beams), ops);
}

/** New tokens as they are judged: a beam that is over ends with the end of the text, even if it was cut. */
function judgedTokens({ tokens, finished }: Beam, { eos }: LanguageModel): readonly number[] {
  const [end] = eos;
  if (!finished || end === undefined) return tokens;
  const ended = eos.has(tokens.at(-1) as number);
  return [...(ended ? tokens.slice(0, -1) : tokens), end];
}

/** Per beam: sum of log p_tuned over what counts for it, minus the same of the untuned model. */
async function judged(
  tuned: Reading,
  untuned: Reading,
  ops: SearchContext['ops'],
): Promise<readonly number[]> {
  const beams = tuned.sequences.length;
  const both = [tuned, untuned] as const;
  const places = both.map(({ sequences, from }) => {
    const first = Math.min(...from);
    return { first, count: Math.max(1, ...sequences.map((ids) => ids.length - first)) };
  });
  // Several passes where one would have too many logits, as many for one model as for the other.
  const passes = Math.max(
    ...both.map(({ model }, i) =>
      Math.ceil(((places[i]?.count ?? 0) * beams * model.vocab) / MOST_LOGITS),
    ),
  );
  const scores = Array.from({ length: beams }, () => 0);
  for (let pass = 0; pass < passes; pass++) {
    const rows: JudgedRows[] = [];
    try {
      for (const [i, reading] of both.entries()) {
        const { first, count } = places[i] as (typeof places)[0];
        const share = Math.ceil(count / passes);
        rows.push(await read(reading, first + pass * share, share));
      }
      const [one, other] = rows as [JudgedRows, JudgedRows];
      const gained = await ops.chunkScores(one, other, beams);
      gained.forEach((gain, beam) => {
        scores[beam] = (scores[beam] as number) + gain;
      });
    } finally {
      for (const { logits } of rows) logits.dispose();
    }
  }
  return scores;
}

/** `count` rows for each sequence from `first` on, with the tokens that they judge. */
async function read(
  { model, sequences, from }: Reading,
  first: number,
  count: number,
): Promise<JudgedRows> {
  const end = first + count;
  // What fills a sequence up to there is never judged.
  const filled = sequences.map((ids) => Array.from({ length: end }, (_, at) => ids[at] ?? 0));
  const tokens = sequences.flatMap((ids, beam) =>
    Array.from({ length: count }, (_, i) => {
      const at = first + i;
      return at >= (from[beam] as number) ? ids[at] : undefined;
    }),
  );
  return { logits: await model.batchLogits(filled, first), tokens };
}

function codecOf(text: ByRole<TextCodec>, role: 'large' | 'tuned' | 'untuned'): TextCodec {
  const codec = text[role];
  if (!codec) throw new Error(`no tokenizer for the ${role} model`);
  return codec;
}

function commonLength(a: readonly number[], b: readonly number[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}
