// The operations on logits of several models: warping, speculative sampling's verdict, fusion. As in ops.ts.

import type { Logits } from '../core/languageModel.ts';
import {
  type AlphaSearch,
  type Fusion,
  type FusionTerms,
  type JudgedRows,
  MAX_ALPHA_POINTS,
  type Ops,
  type Sampling,
  type SolvedAlphas,
  type SpeculativeDraft,
  type SpeculativeVerdict,
} from '../core/ops.ts';
import { chunkScores } from '../kernels/chunkScores.ts';
import { fuseLogits, MAX_EXPERTS, NUMBERS, SEARCH } from '../kernels/fuseLogits.ts';
import { finePoints } from '../kernels/fusion.ts';
import { NONE } from '../kernels/rows.ts';
import { speculativeVerify } from '../kernels/speculativeVerify.ts';
import { MAX_DRAFT, VERDICT, verifyDraft } from '../kernels/verifyDraft.ts';
import { warpLogits } from '../kernels/warpLogits.ts';
import {
  badRow,
  changedLogits,
  checkTokens,
  filtersOf,
  type Rows,
  type Runner,
  windowOf,
} from './runner.ts';

/** Every token that is not the argmax is further away than this. */
const GREEDY_THRESHOLD = -1;

export function fusionOps(
  runner: Runner,
): Pick<Ops, 'warp' | 'speculativeVerify' | 'chunkScores' | 'fuse'> {
  async function rowsOf(logits: Logits, first: number, count: number): Promise<Rows> {
    const [{ source }, window] = windowOf(logits, first, count);
    return runner.rows(source, window);
  }

  return {
    async warp(logits: Logits, sampling: Sampling): Promise<Logits> {
      const filters = filtersOf(sampling, logits.vocab);
      if (!(sampling.temperature > 0)) throw new Error('warp: expected a temperature above 0');
      const [device, wanted] = windowOf(logits, 0, logits.rows);
      const { window, ...inputs } = await runner.rows(device.source, wanted);
      const changed = await runner.run(warpLogits, { ...window, ...filters }, inputs);
      return changedLogits(device, changed.logits, window);
    },

    async speculativeVerify(
      logits: Logits,
      draft: SpeculativeDraft,
      sampling: Sampling,
    ): Promise<SpeculativeVerdict> {
      const { tokens, uniforms, lenience } = draft;
      const n = tokens.length;
      if (n > MAX_DRAFT) {
        throw new Error(`a draft of ${n} tokens: expected at most ${MAX_DRAFT}`);
      }
      if (draft.logits.length !== n || uniforms.length !== n + 1) {
        throw new Error(
          `${draft.logits.length} rows and ${uniforms.length} uniforms for ${n} tokens`,
        );
      }
      checkTokens(tokens, logits.vocab);
      const filters = filtersOf(sampling, logits.vocab);
      const judges = await rowsOf(logits, 0, n + 1);
      const drafted = Uint32Array.from(tokens);
      if (sampling.temperature === 0) {
        const { window, ...inputs } = judges;
        const threshold = GREEDY_THRESHOLD;
        const { verdict } = await runner.run(
          verifyDraft,
          { ...window, threshold },
          { ...inputs, draft: drafted },
        );
        const bad = verdict[VERDICT.badRow]!;
        if (bad !== NONE) throw badRow(bad);
        const accepted = verdict[VERDICT.accepted]!;
        // All of the mass is on one token.
        const ratios = Float32Array.from(tokens, (_, i) => (i < accepted ? 1 : 0));
        return {
          accepted,
          next: { token: verdict[VERDICT.next]!, prob: 1 },
          ratios,
        };
      }
      const parts = [judges];
      for (const one of draft.logits) parts.push(await rowsOf(one, 0, 1));
      const { rows, free } = runner.stack(parts);
      try {
        const { window } = rows;
        const warped = await runner.run(
          warpLogits,
          { ...window, ...filters },
          { logits: rows.logits },
        );
        const { verdict, numbers } = await runner.run(
          speculativeVerify,
          { ...window, lenience },
          {
            logits: warped.logits.length > 0 ? warped.logits : rows.logits,
            draft: drafted,
            uniforms: Float32Array.from(uniforms),
          },
        );
        const bad = verdict[VERDICT.badRow]!;
        if (bad !== NONE) throw badRow(bad > n ? bad - n - 1 : bad);
        return {
          accepted: verdict[VERDICT.accepted]!,
          next: { token: verdict[VERDICT.next]!, prob: numbers[0]! },
          ratios: numbers.subarray(1),
        };
      } finally {
        free();
      }
    },

    async chunkScores(
      tuned: JudgedRows,
      untuned: JudgedRows,
      beams: number,
    ): Promise<Float32Array> {
      const labels = [...labelsOf(tuned, beams), ...labelsOf(untuned, beams)];
      const one = await rowsOf(tuned.logits, 0, tuned.logits.rows);
      const other = await rowsOf(untuned.logits, 0, untuned.logits.rows);
      const { scores, bad } = await runner.run(
        chunkScores,
        {
          beams,
          ...one.window,
          otherRows: other.window.rows,
          otherVocab: other.window.vocab,
          otherBase: other.window.base,
          otherPitch: other.window.pitch,
        },
        { tuned: one.logits, untuned: other.logits, labels: Uint32Array.from(labels) },
      );
      const row = bad.find((first) => first !== NONE);
      if (row !== undefined) throw badRow(row % one.window.rows);
      return scores;
    },

    async fuse({ large, small, experts, alphas, contrast = 0 }: FusionTerms): Promise<Fusion> {
      checkTerms(large, small, experts, alphas);
      const [device, wanted] = windowOf(large, 0, large.rows);
      const { window, logits } = await runner.rows(device.source, wanted);
      const other = await rowsOf(small, 0, large.rows);
      const all: Rows[] = [];
      for (const expert of experts) all.push(await rowsOf(expert, 0, large.rows));
      const [one = other, two = other, three = other] = all;
      const given = isSearch(alphas) ? [] : alphas;
      const { kind, low, step, count } = isSearch(alphas) ? finePoints(alphas) : NO_SEARCH;
      const result = await runner.run(
        fuseLogits,
        {
          ...window,
          smallBase: other.window.base,
          smallPitch: other.window.pitch,
          expertBase1: one.window.base,
          expertPitch1: one.window.pitch,
          expertBase2: two.window.base,
          expertPitch2: two.window.pitch,
          expertBase3: three.window.base,
          expertPitch3: three.window.pitch,
          experts: experts.length,
          search: SEARCH[kind],
          low,
          step,
          count,
          alpha1: given[0] ?? 0,
          alpha2: given[1] ?? 0,
          alpha3: given[2] ?? 0,
          contrast,
        },
        {
          small: other.logits,
          expert1: one.logits,
          expert2: two.logits,
          expert3: three.logits,
          logits,
        },
      );
      const solved = isSearch(alphas)
        ? Array.from({ length: large.rows }, (_, row) =>
            solvedAt(result.numbers, row, experts.length),
          )
        : [];
      return { logits: changedLogits(device, result.logits, window), solved };
    },
  };
}

function labelsOf({ logits, tokens }: JudgedRows, beams: number): number[] {
  const { rows, vocab } = logits;
  if (tokens.length !== rows || !(beams >= 1) || rows % beams !== 0) {
    throw new Error(`${tokens.length} tokens for ${rows} rows of ${beams} beams`);
  }
  checkTokens(
    tokens.filter((token) => token !== undefined),
    vocab,
  );
  return tokens.map((token) => token ?? NONE);
}

const NO_SEARCH = { kind: 'given', low: 0, step: 0, count: 0 } as const;

const isSearch = (alphas: FusionTerms['alphas']): alphas is AlphaSearch => 'kind' in alphas;

function checkTerms(
  large: Logits,
  small: Logits,
  experts: readonly Logits[],
  alphas: FusionTerms['alphas'],
): void {
  if (experts.length > MAX_EXPERTS) {
    throw new Error(`${experts.length} experts: expected at most ${MAX_EXPERTS}`);
  }
  for (const { rows, vocab } of [small, ...experts]) {
    if (rows !== large.rows || vocab !== large.vocab) {
      throw new Error(
        `logits of ${rows} x ${vocab} cannot be fused with ${large.rows} x ${large.vocab}`,
      );
    }
  }
  if (!isSearch(alphas)) {
    if (alphas.length !== experts.length) {
      throw new Error(`${alphas.length} alphas for ${experts.length} experts`);
    }
    return;
  }
  const { kind, count, step } = finePoints(alphas);
  const points = kind === 'joint' ? count ** experts.length : count * experts.length;
  if (!(Number.isInteger(count) && points >= 1 && points <= MAX_ALPHA_POINTS && step > 0)) {
    throw new Error(
      `${points} points of ${step}: expected 1 to ${MAX_ALPHA_POINTS} and a step above 0`,
    );
  }
}

function solvedAt(numbers: Float32Array, row: number, experts: number): SolvedAlphas {
  const at = (index: number) => numbers[row * NUMBERS.length + index]!;
  if (at(NUMBERS.loss) < 0) throw badRow(row);
  const pair = (index: number) => ({ there: at(index), back: at(index + 1) });
  const all = Array.from({ length: experts }, (_, t) => t);
  return {
    alphas: all.map((t) => at(NUMBERS.alphas + t)),
    loss: at(NUMBERS.loss),
    moved: pair(NUMBERS.moved),
    wanted: all.map((t) => pair(NUMBERS.wanted + 2 * t)),
  };
}
