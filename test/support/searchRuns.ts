// Runs of the chunk search on table models, for its tests.
import fc from 'fast-check';
import { expect } from 'vitest';
import { createCpuBackend } from '../../src/backend/cpu.ts';
import type { AnyAlgorithm } from '../../src/core/algorithm.ts';
import type { DecodeEvent } from '../../src/core/events.ts';
import type { Ops } from '../../src/core/ops.ts';
import { defaultsOf, type ParamValue } from '../../src/core/params.ts';
import { uniform } from '../../src/core/rng.ts';
import type { ByRole } from '../../src/core/roles.ts';
import type { TextCodec } from '../../src/core/textCodec.ts';
import { bigram, type TableModel, tableModel } from './tableModel.ts';

export const { ops } = createCpuBackend();
export const F32 = 2e-5;
export const near = (got: number, wanted: number) =>
  expect(Math.abs(got - wanted) <= F32, `${got}, expected ${wanted}`).toBe(true);

export interface Models {
  readonly large: TableModel;
  readonly tuned: TableModel;
  readonly untuned: TableModel;
}
export type Chunk = Extract<DecodeEvent, { readonly type: 'chunk' }>;

export async function gather(events: AsyncIterable<DecodeEvent>) {
  const all: DecodeEvent[] = [];
  for await (const event of events) all.push(event);
  const chunks = all.filter((event): event is Chunk => event.type === 'chunk');
  const tokens = all.flatMap((event) => (event.type === 'token' ? [event] : []));
  const winner = all.find((event) => event.type === 'winner');
  return { all, chunks, tokens, text: tokens.map(({ token }) => token), winner };
}

export interface Setting {
  readonly prompt?: readonly number[];
  readonly maxTokens?: number;
  readonly seed?: number;
  readonly run?: number;
  readonly text?: ByRole<TextCodec>;
  readonly on?: Ops;
}
export const run = (
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

export interface Tables {
  readonly prompt: number[];
  readonly base_logits: number[][];
  readonly tuned_logits: number[][];
  readonly untuned_logits: number[][];
}
export const bigrams = (rows: readonly (readonly number[])[], eos = 1): TableModel =>
  bigram(Object.fromEntries(rows.entries()), eos);
export const modelsOf = (tables: Tables): Models => ({
  large: bigrams(tables.base_logits),
  tuned: bigrams(tables.tuned_logits),
  untuned: bigrams(tables.untuned_logits),
});

export const VOCAB = 7;
export const EOS = 1;
/** Token 0 is nothing that a text contains. */
export const random = (seed: number, who: number, vocab = VOCAB, end = 1): TableModel =>
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
export const strangers = (seed: number): Models => ({
  large: random(seed, 1),
  tuned: random(seed, 2),
  untuned: random(seed, 3),
});
export const seeds = fc.nat(1e6);
export const sizes = fc.record({
  beams: fc.integer({ min: 1, max: 4 }),
  successors: fc.integer({ min: 1, max: 4 }),
  chunkLength: fc.integer({ min: 1, max: 6 }),
});
export const drawn = { temperature: 1, topK: 5, topP: 0.95, minP: 0.01 };
