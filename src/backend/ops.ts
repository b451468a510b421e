// The operations of core/ops.ts, written once for both backends: check the arguments, choose the rows, run
// the kernel, read the small answer. Where a kernel runs is the runner's business.

import { UserError } from '../core/errors.ts';
import type { Logits } from '../core/languageModel.ts';
import type { Candidate, DraftVerdict, Ops, Sampling, TokenLogProbs } from '../core/ops.ts';
import type { DrawAddress } from '../core/rng.ts';
import { MAX_VOCAB, UNIT } from '../kernels/kept.ts';
import type { ArraysOf, Fields, Kernel, ValuesOf } from '../kernels/kernel.ts';
import { NONE, type RowWindow } from '../kernels/rows.ts';
import { sampleToken } from '../kernels/sampleToken.ts';
import { BAD_ENTROPY, tokenLogProbs } from '../kernels/tokenLogProbs.ts';
import { top1 } from '../kernels/top1.ts';
import { MAX_K, topK } from '../kernels/topK.ts';
import { MAX_DRAFT, VERDICT, verifyDraft } from '../kernels/verifyDraft.ts';
import { DeviceLogits } from './logits.ts';

/** Part of a GPU buffer; offset and size in bytes, the offset a multiple of 256. */
export interface BufferRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}
/** An input of a kernel, wherever it is. */
export type Input = Uint32Array | Float32Array | BufferRange;

/** Rows of logits that a kernel can be run on. */
export interface Rows {
  readonly logits: Input;
  readonly window: RowWindow;
}

/** Runs kernels somewhere. */
export interface Runner {
  /** Makes rows readable where this runner runs; `window.base` counts from the source's first element. */
  rows(source: Float32Array | GPUBuffer, window: RowWindow): Rows | Promise<Rows>;
  run<I extends Fields, O extends Fields, P extends Fields>(
    kernel: Kernel<I, O, P>,
    params: ValuesOf<P>,
    inputs: { readonly [K in keyof I]: Input },
  ): Promise<ArraysOf<O>>;
  readonly bytesReadBack: number;
}

/** `count` rows from `first` on; throws when the layout does not fit its memory. */
function windowOf(logits: Logits, first: number, count: number): [DeviceLogits, RowWindow] {
  if (!(logits instanceof DeviceLogits)) {
    throw new Error('these logits were not made by a model of this backend');
  }
  const { rows, vocab, stride, rowStart, rowStep } = logits.layout;
  if (!(Number.isInteger(first) && first >= 0 && count >= 1 && first + count <= rows)) {
    throw new Error(`rows ${first}..${first + count - 1} asked of logits that have ${rows}`);
  }
  const window = {
    rows: count,
    vocab,
    base: (rowStart + first * rowStep) * stride,
    pitch: rowStep * stride,
  };
  const { source } = logits;
  const held = source instanceof Float32Array ? source.length : source.size / 4;
  const needed = window.base + (count - 1) * window.pitch + vocab;
  if (needed > held) throw new Error(`the logits' layout needs ${needed} floats of ${held}`);
  return [logits, window];
}

function checkTokens(tokens: readonly number[], vocab: number): void {
  for (const token of tokens) {
    if (!(Number.isInteger(token) && token >= 0 && token < vocab)) {
      throw new Error(`token ${token} is not in a vocabulary of ${vocab}`);
    }
  }
}

const badRow = (row: number): UserError =>
  new UserError(
    'logits',
    `Row ${row} of the logits holds NaN or +Infinity.`,
    'The checkpoint or its number format is at fault: try its float32 variant, or run the models on wasm.',
  );

export function makeOps(runner: Runner): Ops {
  return {
    async top1(logits: Logits, row: number): Promise<Candidate> {
      const [{ source }, wanted] = windowOf(logits, row, 1);
      const { window, ...inputs } = await runner.rows(source, wanted);
      const { tokens, probs } = await runner.run(top1, window, inputs);
      if (tokens[0] === NONE) throw badRow(row);
      return { token: tokens[0] as number, prob: probs[0] as number };
    },

    async topK(logits: Logits, row: number, k: number): Promise<Candidate[]> {
      if (!(Number.isInteger(k) && k >= 1 && k <= MAX_K)) {
        throw new Error(`k = ${k}: expected an integer in [1, ${MAX_K}]`);
      }
      const [{ source }, wanted] = windowOf(logits, row, 1);
      const { window, ...inputs } = await runner.rows(source, wanted);
      const { tokens, probs } = await runner.run(topK, { ...window, k }, inputs);
      if (tokens[0] === NONE) throw badRow(row);
      const candidates: Candidate[] = [];
      for (let i = 0; i < Math.min(k, window.vocab); i++) {
        candidates.push({ token: tokens[i] as number, prob: probs[i] as number });
      }
      return candidates;
    },

    async tokenLogProbs(logits: Logits, tokens: readonly number[]): Promise<TokenLogProbs> {
      if (tokens.length !== logits.rows) {
        throw new Error(`${tokens.length} tokens for ${logits.rows} rows`);
      }
      checkTokens(tokens, logits.vocab);
      const [{ source }, wanted] = windowOf(logits, 0, logits.rows);
      const { window, ...inputs } = await runner.rows(source, wanted);
      const result = await runner.run(tokenLogProbs, window, {
        ...inputs,
        tokens: Uint32Array.from(tokens),
      });
      const bad = result.entropies.indexOf(BAD_ENTROPY);
      if (bad >= 0) throw badRow(bad);
      return result;
    },

    async verifyDraft(
      logits: Logits,
      draft: readonly number[],
      rollbackThreshold: number,
    ): Promise<DraftVerdict> {
      if (draft.length > MAX_DRAFT) {
        throw new Error(`a draft of ${draft.length} tokens: expected at most ${MAX_DRAFT}`);
      }
      checkTokens(draft, logits.vocab);
      const [{ source }, wanted] = windowOf(logits, 0, draft.length + 1);
      const { window, ...inputs } = await runner.rows(source, wanted);
      const { verdict, numbers } = await runner.run(
        verifyDraft,
        { ...window, threshold: Math.min(rollbackThreshold, 3e38) },
        { ...inputs, draft: Uint32Array.from(draft) },
      );
      const bad = verdict[VERDICT.badRow] as number;
      if (bad !== NONE) throw badRow(bad);
      return {
        accepted: verdict[VERDICT.accepted] as number,
        next: { token: verdict[VERDICT.next] as number, prob: numbers[0] as number },
        distances: numbers.subarray(1),
      };
    },

    async sampleToken(
      logits: Logits,
      row: number,
      sampling: Sampling,
      address: DrawAddress,
    ): Promise<Candidate> {
      const { temperature, topK, topP, minP } = sampling;
      const inRange =
        temperature >= 0 && Number.isInteger(topK) && topK >= 0 && topP >= 0 && topP <= 1;
      if (!(inRange && minP >= 0 && minP <= 1)) {
        throw new Error(`sampling out of range: ${JSON.stringify(sampling)}`);
      }
      if (logits.vocab > MAX_VOCAB) {
        throw new Error(`sampling from ${logits.vocab} tokens: expected at most ${MAX_VOCAB}`);
      }
      const [{ source }, wanted] = windowOf(logits, row, 1);
      const { window, ...inputs } = await runner.rows(source, wanted);
      const { tokens, probs } =
        temperature === 0
          ? await runner.run(top1, window, inputs)
          : await runner.run(
              sampleToken,
              {
                ...window,
                ...address,
                temperature,
                topK: Math.min(topK, MAX_VOCAB),
                topP: Math.round(topP * 2 ** 24),
                minWeight: Math.ceil(minP * UNIT),
              },
              inputs,
            );
      if (tokens[0] === NONE) throw badRow(row);
      // At temperature 0 all of the mass is on one token.
      const prob = temperature === 0 ? 1 : (probs[0] as number);
      return { token: tokens[0] as number, prob };
    },

    get bytesReadBack(): number {
      return runner.bytesReadBack;
    },
  };
}
