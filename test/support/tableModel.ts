// A language model whose answers can be worked out on paper: the logits depend on the previous token only
// (a bigram table) or on the whole prefix (a function). Counts what it is asked, as a real one would.
import { DeviceLogits } from '../../src/backend/logits.ts';
import type { LanguageModel } from '../../src/core/languageModel.ts';

export interface TableModel extends LanguageModel {
  /** Every call in order: sequence and first row asked for. */
  readonly calls: { readonly y: readonly number[]; readonly from: number }[];
}

export function tableModel(
  rowAfter: (prefix: readonly number[]) => readonly number[],
  vocab: number,
  eos: number,
  contextLength = 1000,
): TableModel {
  const calls: { y: number[]; from: number }[] = [];
  let passes = 0;
  let positions = 0;
  const pack = (rows: readonly (readonly number[])[]) => {
    const data = new Float32Array(rows.length * vocab);
    rows.forEach((row, r) => {
      data.set(row, r * vocab);
    });
    return new DeviceLogits(data, {
      rows: rows.length,
      vocab,
      stride: vocab,
      rowStart: 0,
      rowStep: 1,
    });
  };
  return {
    vocab,
    contextLength,
    eos: new Set([eos]),
    calls,
    get count() {
      return { passes, positions };
    },
    async logits(y, from) {
      if (!(from >= 1 && from <= y.length)) throw new Error(`from = ${from} of ${y.length}`);
      calls.push({ y: [...y], from });
      passes++;
      positions += y.length - from + 1;
      return pack(
        Array.from({ length: y.length - from + 1 }, (_, i) => rowAfter(y.slice(0, from + i))),
      );
    },
    async nextLogits(batch) {
      for (const y of batch) calls.push({ y: [...y], from: y.length });
      passes++;
      positions += batch.length;
      return pack(batch.map((y) => rowAfter(y)));
    },
    async batchLogits(batch, from) {
      const longest = Math.max(...batch.map((y) => y.length));
      if (!(from >= 1 && from < longest)) throw new Error(`from = ${from} of ${longest}`);
      for (const y of batch) calls.push({ y: [...y], from });
      passes++;
      positions += batch.length * (longest - from);
      const places = Array.from({ length: longest - from }, (_, i) => from + i);
      // Whoever reads a row beyond the end of its sequence is to notice.
      const nothing = Array.from({ length: vocab }, () => Number.NaN);
      return pack(
        batch.flatMap((y) =>
          places.map((at) => (at < y.length ? rowAfter(y.slice(0, at)) : nothing)),
        ),
      );
    },
    bytesPerToken: 0,
    mostBytes: 0,
    reset() {
      calls.length = 0;
      passes = 0;
      positions = 0;
    },
  };
}

/** A bigram model from a table of logits by previous token, as in the oracles. */
export function bigram(
  table: Readonly<Record<string, readonly number[]>>,
  eos: number,
): TableModel {
  const vocab = Object.values(table)[0]?.length ?? 0;
  return tableModel((prefix) => table[String(prefix.at(-1))] as readonly number[], vocab, eos);
}
