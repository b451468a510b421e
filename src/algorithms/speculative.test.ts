// Speculative sampling on table models: the oracle's steps, the limits whose answer is known, and exactness as
// a statistical test that a wrong residual fails.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import oracle from '../../test/oracles/spec_decoding.json' with { type: 'json' };
import { bigram, type TableModel, tableModel } from '../../test/support/tableModel.ts';
import { createCpuBackend } from '../backend/cpu.ts';
import { DeviceLogits } from '../backend/logits.ts';
import type { DecodeEvent } from '../core/events.ts';
import type { Ops, Sampling } from '../core/ops.ts';
import { uniform } from '../core/rng.ts';
import {
  acceptance,
  drawFrom,
  expectedTokens,
  overlap,
  residual,
  verify,
} from '../kernels/speculation.ts';
import { greedy } from './greedy.ts';
import { sample } from './sample.ts';
import { speculative } from './speculative.ts';

const { ops } = createCpuBackend();
const EOS = 1;
const TOLERANCE = 1e-9;
const plain: Sampling = { temperature: 1, topK: 0, topP: 1, minP: 0 };

type Table = Readonly<Record<string, number[]>>;
const logs = (table: Table): Table =>
  Object.fromEntries(Object.entries(table).map(([k, row]) => [k, row.map(Math.log)]));
const close = (got: ArrayLike<number>, wanted: readonly number[], tolerance = TOLERANCE) => {
  expect(got).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(got[i]! - value) <= tolerance, `[${i}] ${got[i]}, expected ${value}`).toBe(
      true,
    );
  });
};
function caseOf<T>(id: string): T {
  const found: unknown = oracle.cases.find((one) => one.id === id);
  if (!found) throw new Error(`no case ${id}`);
  return found as T;
}

interface Run {
  readonly tokens: readonly number[];
  readonly events: readonly DecodeEvent[];
}
async function run(
  models: { readonly small: TableModel; readonly large: TableModel },
  params: Partial<Record<keyof typeof speculative.params, number>> = {},
  { prompt = [0], maxTokens = 20, seed = 1, run: number = 0, on = ops as Ops } = {},
): Promise<Run> {
  const tokens = [...prompt];
  const events: DecodeEvent[] = [];
  const all = { draftLength: 4, lenience: 1, ...plain, ...params };
  for await (const event of speculative.decode({
    models: models as never,
    ops: on,
    prompt,
    maxTokens,
    params: all,
    seed,
    run: number,
  })) {
    events.push(event);
    if (event.type === 'rollback') tokens.length = event.at;
    if (event.type === 'token') {
      expect(event.at).toBe(tokens.length);
      tokens.push(event.token);
    }
  }
  return { tokens: tokens.slice(prompt.length), events };
}

describe('the oracle', () => {
  test('single_position', () => {
    const { inputs, expected } = caseOf<{
      inputs: Record<'p' | 'q', number[]>;
      expected: Record<'accept_prob' | 'residual' | 'output_marginal', number[]> & {
        alpha: number;
      };
    }>('single_position');
    const { p, q } = inputs;
    const accept = p.map((value, id) => acceptance(value, q[id]!));
    close(accept, expected.accept_prob);
    close([overlap(p, q)], [expected.alpha]);
    const left = residual(p, q);
    const mass = left.reduce((sum, value) => sum + value, 0);
    close(
      left.map((value) => value / mass),
      expected.residual,
    );
    const out = p.map((_, id) => q[id]! * accept[id]! + (1 - overlap(p, q)) * (left[id]! / mass));
    close(out, expected.output_marginal);
  });

  test('warped_distributions: both models go through the same filters', async () => {
    const { inputs, expected } = caseOf<{
      inputs: Record<'p_logits' | 'q_logits', number[]>;
      expected: {
        rows: (Record<'p' | 'q', number[]> & Record<'temperature' | 'top_k' | 'top_p', number>)[];
      };
    }>('warped_distributions');
    for (const row of expected.rows) {
      for (const which of ['p', 'q'] as const) {
        const logits = Float32Array.from(inputs[`${which}_logits`]);
        const layout = { rows: 1, vocab: 5, stride: 5, rowStart: 0, rowStep: 1 };
        const warped = await ops.warp(new DeviceLogits(logits, layout), {
          temperature: row.temperature,
          topK: row.top_k,
          topP: row.top_p,
          minP: 0,
        });
        const tokens = [0, 1, 2, 3, 4];
        const probs = await Promise.all(
          tokens.map(async (token) => (await ops.tokenLogProbs(warped, [token])).logProbs[0]!),
        );
        close(probs.map(Math.exp), row[which], 2e-6);
      }
    }
  });

  interface Trace {
    readonly id: string;
    readonly inputs: {
      readonly p_table: Table;
      readonly q_table: Table;
      readonly sequence: number[];
      readonly gamma: number;
      readonly u_draft: number[];
      readonly u_accept: number[];
      readonly u_extra: number;
      readonly eos: number | null;
    };
    readonly expected: {
      readonly draft: number[];
      readonly decisions: { readonly ratio: number; readonly accept: boolean }[];
      readonly n_accepted: number;
      readonly extra_token: number | null;
      readonly sequence_after: number[];
    };
  }
  const traces = (oracle.cases as unknown as Trace[]).filter(({ id }) => id.startsWith('trace_'));
  test.each(traces.map((trace) => [trace.id, trace] as const))('%s', (_, { inputs, expected }) => {
    const { p_table: p, q_table: q, sequence, gamma, u_draft, u_accept, u_extra, eos } = inputs;
    const draft: number[] = [];
    while (draft.length < gamma && (draft.length === 0 || draft.at(-1) !== eos)) {
      draft.push(drawFrom(q[draft.at(-1) ?? sequence.at(-1)!]!, u_draft[draft.length]!));
    }
    expect(draft).toEqual(expected.draft);
    const tokenBefore = (i: number) => (i === 0 ? sequence.at(-1)! : draft[i - 1]!);
    const verdict = verify(
      [...draft.keys(), draft.length].map((i) => p[tokenBefore(i)]!),
      draft.map((_, i) => q[tokenBefore(i)]!),
      draft,
      // One trace draws exactly at a step of the running sum, which 1e-12 puts on the oracle's side of rounding.
      [...u_accept.slice(0, draft.length), u_extra + 1e-12],
    );
    expect(verdict.accepted).toBe(expected.n_accepted);
    close(
      verdict.ratios.slice(0, expected.decisions.length),
      expected.decisions.map(({ ratio }) => ratio),
    );
    const ended = verdict.accepted === draft.length && draft.at(-1) === eos;
    const after = [
      ...sequence,
      ...draft.slice(0, verdict.accepted),
      ...(ended ? [] : [verdict.next]),
    ];
    expect(after).toEqual(expected.sequence_after);
    if (expected.extra_token !== null) expect(verdict.next).toBe(expected.extra_token);
  });

  test('formulas: tokens per pass of the large model', () => {
    const { expected } = caseOf<{
      expected: { rows: Record<'alpha' | 'gamma' | 'expected_tokens', number>[] };
    }>('formulas');
    expect(expected.rows.length).toBeGreaterThan(100);
    for (const { alpha, gamma, expected_tokens } of expected.rows) {
      close([expectedTokens(alpha, gamma)], [expected_tokens]);
    }
  });
});

/** Two random bigram models over 6 tokens. */
function randomPair(seed: number) {
  const row = (who: number, prefix: readonly number[]) =>
    Array.from({ length: 6 }, (_, v) => {
      const bits = uniform({ seed, run: who, step: prefix.at(-1) ?? 0, row: v });
      return 4 * bits - (v === EOS ? 2 : 0);
    });
  return {
    small: tableModel((prefix) => row(1, prefix), 6, EOS),
    large: tableModel((prefix) => row(2, prefix), 6, EOS),
  };
}

describe('limits', () => {
  test('draft = target: everything stands, and the text has no cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1e6), fc.integer({ min: 1, max: 12 }), async (seed, draftLength) => {
        const { large } = randomPair(seed);
        const { events } = await run({ small: large, large }, { draftLength }, { seed });
        expect(events.some(({ type }) => type === 'rollback')).toBe(false);
        for (const event of events) {
          if (event.type !== 'speculation') continue;
          expect(event.accepted).toBe(event.ratios.length);
          for (const ratio of event.ratios) expect(Math.abs(ratio - 1)).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('temperature 0: the large model’s greedy text, whoever drafts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1e6), fc.integer({ min: 1, max: 12 }), async (seed, draftLength) => {
        const { small, large } = randomPair(seed);
        const { tokens } = await run({ small, large }, { draftLength, temperature: 0 }, { seed });
        const alone: number[] = [];
        for await (const event of greedy.decode({
          models: { small, large },
          ops,
          prompt: [0],
          maxTokens: 20,
          params: { model: 'large' },
          seed,
          run: 0,
        } as never)) {
          if (event.type === 'token') alone.push(event.token);
        }
        expect(tokens).toEqual(alone);
      }),
      { numRuns: 60 },
    );
  });

  test('the same seed twice gives the same text; passes of the large model are saved', async () => {
    const { small, large } = randomPair(7);
    const once = await run({ small, large }, {}, { seed: 5, maxTokens: 60 });
    const twice = await run({ small, large }, {}, { seed: 5, maxTokens: 60 });
    expect(once.tokens).toEqual(twice.tokens);
    const judged = once.events.filter(({ type }) => type === 'speculation').length;
    expect(judged).toBeLessThan(once.tokens.length);
  });

  test('neither limit is passed, and nothing follows an end of text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1e6),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 12 }),
        async (seed, maxTokens, draftLength) => {
          const pair = randomPair(seed);
          const { tokens, events } = await run(pair, { draftLength }, { seed, maxTokens });
          expect(tokens.length).toBeLessThanOrEqual(maxTokens);
          expect(tokens.indexOf(EOS)).toBe(tokens.includes(EOS) ? tokens.length - 1 : -1);
          const reason = tokens.includes(EOS) ? 'eos' : 'length';
          expect(events.at(-1)).toEqual({ type: 'finished', reason });
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('exactness', () => {
  const { inputs, expected } = caseOf<{
    inputs: { p_table: Table; q_table: Table; start: number };
    expected: { joint: Record<string, number> };
  }>('joint_exactness');
  /** No token of the oracle's tables ends the text. */
  const pair = () => ({
    small: bigram(logs(inputs.q_table), 99),
    large: bigram(logs(inputs.p_table), 99),
  });
  const TEXTS = 6000;

  /** Chi-square of the first two tokens of many texts against the law of the large model's own samples. */
  async function chiSquare(sampling: Partial<Sampling>, draftLength: number, on: Ops = ops) {
    const law = await jointLaw({ ...plain, ...sampling });
    const counts = new Map<string, number>();
    for (let number = 0; number < TEXTS; number++) {
      const params = { draftLength, ...sampling };
      const { tokens } = await run(pair(), params, { maxTokens: 2, run: number, on });
      const key = tokens.join(',');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    let chi2 = 0;
    let cells = 0;
    for (const [key, prob] of law) {
      const count = counts.get(key) ?? 0;
      if (prob === 0) {
        if (count > 0) chi2 = Number.POSITIVE_INFINITY;
        continue;
      }
      cells++;
      chi2 += (count - TEXTS * prob) ** 2 / (TEXTS * prob);
    }
    return { chi2, freedom: cells - 1 };
  }

  /** Of two tokens, by the large model alone. */
  async function jointLaw(sampling: Sampling): Promise<Map<string, number>> {
    const probsAfter = async (token: number) => {
      const logits = Float32Array.from(inputs.p_table[String(token)]!.map(Math.log));
      const layout = { rows: 1, vocab: 4, stride: 4, rowStart: 0, rowStep: 1 };
      const warped = (await ops.warp(new DeviceLogits(logits, layout), sampling)) as DeviceLogits;
      const weights = Array.from(warped.source as Float32Array, Math.exp);
      const sum = weights.reduce((a, b) => a + b, 0);
      return weights.map((weight) => weight / sum);
    };
    const first = await probsAfter(inputs.start);
    const law = new Map<string, number>();
    for (const [a, p] of first.entries()) {
      const second = await probsAfter(a);
      for (const [b, q] of second.entries()) law.set(`${a},${b}`, p * q);
    }
    return law;
  }

  /** Exceeded once in 10,000 by a right sampler (Wilson and Hilferty's approximation). */
  const limit = (freedom: number) =>
    freedom * (1 - 2 / (9 * freedom) + 3.719 * Math.sqrt(2 / (9 * freedom))) ** 3;

  test('the law of the large model is the oracle’s', async () => {
    const law = await jointLaw(plain);
    for (const [key, prob] of Object.entries(expected.joint)) {
      close([law.get(key)!], [prob], 1e-6);
    }
  });

  test.each([
    ['temperature 1, one drafted', {}, 1],
    ['temperature 1, three drafted', {}, 3],
    ['temperature 0.6', { temperature: 0.6 }, 2],
    ['temperature 1.5, top-p 0.8', { temperature: 1.5, topP: 0.8 }, 2],
    ['top-k 3', { topK: 3 }, 2],
  ] as const)('two tokens, %s', async (_, sampling, draftLength) => {
    const { chi2, freedom } = await chiSquare(sampling, draftLength);
    expect(chi2).toBeLessThan(limit(freedom));
  });

  test('a planted mistake is found: p in place of the residual, tokens accepted too often', async () => {
    const fromTarget: Ops = {
      ...ops,
      async speculativeVerify(logits, draft, sampling) {
        const verdict = await ops.speculativeVerify(logits, draft, sampling);
        if (verdict.accepted === draft.tokens.length) return verdict;
        const next = await ops.sampleToken(logits, verdict.accepted, sampling, {
          seed: 9,
          run: Math.floor(draft.uniforms.at(-1)! * 2 ** 24),
          step: 0,
          row: 0,
        });
        return { ...verdict, next };
      },
    };
    const wrong = await chiSquare({}, 1, fromTarget);
    expect(wrong.chi2).toBeGreaterThan(2 * limit(wrong.freedom));

    const lenient: Ops = {
      ...ops,
      speculativeVerify: (logits, draft, sampling) =>
        ops.speculativeVerify(logits, { ...draft, lenience: 0.6 }, sampling),
    };
    const loose = await chiSquare({}, 1, lenient);
    expect(loose.chi2).toBeGreaterThan(2 * limit(loose.freedom));
  });

  test('what sampling alone draws first, a first draft draws: same address, same token', async () => {
    const { small, large } = randomPair(3);
    const events: DecodeEvent[] = [];
    const context = { models: { small, large }, ops, prompt: [0], maxTokens: 1, seed: 4, run: 2 };
    const params = { ...plain, model: 'small' };
    for await (const event of sample.decode({ ...context, params } as never)) events.push(event);
    const { events: own } = await run({ small, large }, { draftLength: 1 }, { seed: 4, run: 2 });
    expect(own[0]).toEqual(events[0]);
  });
});
