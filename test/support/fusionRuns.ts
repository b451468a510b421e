// Runs of fusion on table models, for its tests.
import fc from 'fast-check';
import { expect } from 'vitest';
import { sample } from '../../src/algorithms/sample.ts';
import { createCpuBackend } from '../../src/backend/cpu.ts';
import type { AnyAlgorithm } from '../../src/core/algorithm.ts';
import type { DecodeEvent } from '../../src/core/events.ts';
import { defaultsOf, type ParamValue } from '../../src/core/params.ts';
import { uniform } from '../../src/core/rng.ts';
import type { ByRole } from '../../src/core/roles.ts';
import { type TableModel, tableModel } from './tableModel.ts';

export const { ops } = createCpuBackend();
export const F32 = 2e-5;
export const near = (got: number, wanted: number, tolerance = F32) =>
  expect(Math.abs(got - wanted) <= tolerance, `${got}, expected ${wanted}`).toBe(true);

export interface Setting {
  readonly prompt?: readonly number[];
  readonly maxTokens?: number;
  readonly seed?: number;
}
export type Params = Readonly<Record<string, ParamValue>>;

export async function run(
  algorithm: AnyAlgorithm,
  models: ByRole<TableModel>,
  params: Params = {},
  { prompt = [0], maxTokens = 20, seed = 1 }: Setting = {},
) {
  const events: DecodeEvent[] = [];
  const all = { ...defaultsOf(algorithm.params), ...params };
  const context = { models, ops, prompt, maxTokens, params: all, seed, run: 0 };
  for await (const event of algorithm.decode(context)) events.push(event);
  const tokens = events.flatMap((event) => (event.type === 'token' ? [event] : []));
  const solved = events.flatMap((event) => (event.type === 'fusion' ? [event] : []));
  return { events, tokens, solved, text: tokens.map(({ token }) => token) };
}

/** Says the same at every step; token -1 ends nothing. */
export const constant = (row: readonly number[]) => tableModel(() => row, row.length, -1);
export function caseOf<T>(
  oracle: { readonly cases: readonly { readonly id: string }[] },
  id: string,
): T {
  const found: unknown = oracle.cases.find((one) => one.id === id);
  if (!found) throw new Error(`no case ${id}`);
  return found as T;
}

export const VOCAB = 7;
export const EOS = 1;
/** A random bigram model; models of one seed are no relatives. */
export const random = (seed: number, who: number): TableModel =>
  tableModel(
    (prefix) =>
      Array.from({ length: VOCAB }, (_, row) => {
        const u = uniform({ seed, run: who, step: prefix.at(-1) ?? 0, row });
        return 6 * u - (row === EOS ? 3 : 0);
      }),
    VOCAB,
    EOS,
  );
export const seeds = fc.nat(1e6);
export const large = async (models: ByRole<TableModel>, params: Params, setting?: Setting) =>
  (await run(sample as AnyAlgorithm, models, { ...params, model: 'large' }, setting)).text;
