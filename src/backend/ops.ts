// The operations of core/ops.ts, written once for both backends: check the arguments, choose the rows, run
// the kernel, read the small answer. Where a kernel runs is the runner's business.

import type { Logits } from '../core/languageModel.ts';
import type { Candidate, DraftVerdict, Ops, Sampling, TokenLogProbs } from '../core/ops.ts';
import type { DrawAddress } from '../core/rng.ts';
import { NONE, type RowWindow } from '../kernels/rows.ts';
import { sampleToken } from '../kernels/sampleToken.ts';
import { BAD_ENTROPY, tokenLogProbs } from '../kernels/tokenLogProbs.ts';
import { top1 } from '../kernels/top1.ts';
import { MAX_K, topK } from '../kernels/topK.ts';
import { MAX_DRAFT, VERDICT, verifyDraft } from '../kernels/verifyDraft.ts';
import { fusionOps } from './fusionOps.ts';
import { badRow, checkTokens, filtersOf, type Runner, windowOf } from './runner.ts';

export function makeOps(runner: Runner): Ops {
  /** One token per slot, of the rows in `wanted` or all of its only one; the first is row `first` of its logits. */
  async function draw(
    source: Float32Array | GPUBuffer,
    wanted: RowWindow,
    sampling: Sampling,
    address: Omit<DrawAddress, 'row'>,
    slots: readonly number[],
    first: number,
  ): Promise<Candidate[]> {
    const filters = filtersOf(sampling, wanted.vocab);
    const { window, ...inputs } = await runner.rows(source, wanted);
    const greedy = sampling.temperature === 0;
    const repeated = { ...window, rows: slots.length, pitch: window.rows === 1 ? 0 : window.pitch };
    const { tokens, probs } = greedy
      ? await runner.run(top1, window, inputs)
      : await runner.run(
          sampleToken,
          { ...repeated, ...address, ...filters },
          { ...inputs, slots: Uint32Array.from(slots) },
        );
    return slots.map((_, i) => {
      const at = Math.min(i, tokens.length - 1);
      const token = tokens[at] as number;
      if (token === NONE) throw badRow(first + Math.min(at, window.rows - 1));
      // At temperature 0 all of the mass is on one token.
      return { token, prob: greedy ? 1 : (probs[at] as number) };
    });
  }

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
      { row: slot, ...address }: DrawAddress,
    ): Promise<Candidate> {
      const [device, wanted] = windowOf(logits, row, 1);
      const [drawn] = await draw(device.source, wanted, sampling, address, [slot], row);
      return drawn as Candidate;
    },

    async sampleTokens(
      logits: Logits,
      sampling: Sampling,
      address: Omit<DrawAddress, 'row'>,
      slots: readonly number[],
    ): Promise<Candidate[]> {
      const { rows } = logits;
      if (rows !== 1 && rows !== slots.length) {
        throw new Error(`${slots.length} slots for ${rows} rows`);
      }
      const [device, window] = windowOf(logits, 0, rows);
      return draw(device.source, window, sampling, address, slots, 0);
    },

    ...fusionOps(runner),

    get bytesReadBack(): number {
      return runner.bytesReadBack;
    },
  };
}
