// The tokens that temperature, top-k, top-p and min-p keep, for the kernels that draw from them or warp logits
// to them.
//
// Probabilities are integers here: a token weighs w = round(2^27 exp((x - max) / temperature)), and sums of
// such weights are exact. So it does not matter how a row is split or in which order it is added up, the
// search for a threshold always ends on a token, and shader and reference differ in nothing but the last
// bit of exp. The price: a token less than 2^-28 times as probable as the first is never drawn (float32
// cannot resolve such steps of a running sum either).
//
// The kept set is always a prefix of the order "logit descending, id ascending", because each filter keeps
// such a prefix. The shader finds its end digit by digit: four passes of 256 bins for top-k (counting
// tokens) and four for top-p (adding weights), each followed by a choice of the bin in which the end lies.

import libBorder from '../../shaders/lib/border.wgsl?raw';
import libKept from '../../shaders/lib/kept.wgsl?raw';
import libMass from '../../shaders/lib/mass.wgsl?raw';
import type { Pass, ValuesOf, WgslSource } from './kernel.ts';
import {
  chunksOf,
  logitsLib,
  logitValue,
  newRowStats,
  type RowWindow,
  readLargest,
  rowFields,
} from './rows.ts';

/** What the most probable token weighs. */
export const UNIT = 2 ** 27;
/** Largest vocabulary for which no sum of weights overflows. */
export const MAX_VOCAB = 2 ** 18;
const TWO24 = 2 ** 24;

export const filterFields = {
  ...rowFields,
  /** Above 0; greedy is top1's work. */
  temperature: 'f32',
  /** 0 keeps all. */
  topK: 'u32',
  /** In units of 2^-24; 2^24 keeps all. */
  topP: 'u32',
  /** Weight below which a token is dropped; 0 keeps all. */
  minWeight: 'u32',
} as const;
export type FilterParams = ValuesOf<typeof filterFields>;

/** Declares logits, chunkSums, bins, states and params. */
export const keptLib: readonly WgslSource[] = [
  ...logitsLib,
  { file: 'lib/mass.wgsl', text: libMass },
  { file: 'lib/border.wgsl', text: libBorder },
  { file: 'lib/kept.wgsl', text: libKept },
];

export const keptScratch = ({ rows, vocab }: RowWindow) => ({
  chunkSums: rows * chunksOf(vocab) * 4,
  bins: rows * 512,
  states: rows * 8,
});

/** Up to `weigh`. */
export function keptPasses({ rows, vocab, topK, topP }: FilterParams): readonly Pass[] {
  const perChunk = (entryPoint: string): Pass => ({
    entryPoint,
    workgroups: rows * chunksOf(vocab),
  });
  const perRow = (entryPoint: string): Pass => ({ entryPoint, workgroups: rows });
  const searches = (topK > 0 ? 1 : 0) + (topP < TWO24 ? 1 : 0);
  const digits = Array.from({ length: 4 * searches }, () => [perChunk('count'), perRow('choose')]);
  return [perChunk('largest'), perRow('begin'), ...digits.flat(), perChunk('weigh')];
}

/** floor(share * total / 2^24) for 0 <= share <= 2^24 and 0 <= total < 2^46, without rounding. */
export function shareOf(total: number, share: number): { floor: number; exact: boolean } {
  const low = (total % TWO24) * share;
  const rest = low % TWO24;
  return { floor: Math.floor(total / TWO24) * share + (low - rest) / TWO24, exact: rest === 0 };
}

const stats = newRowStats();
const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);
/** Word whose unsigned order is the order of the logits; -0 is 0. */
function sortKey(x: number): number {
  float[0] = logitValue(x) + 0;
  const bits = word[0] as number;
  return bits >= 0x80000000 ? ~bits >>> 0 : bits + 0x80000000;
}

/** Sets the weights of all tokens that top-k and top-p drop to 0. */
function filter(weights: Float64Array, logits: Float32Array, start: number, p: FilterParams): void {
  let kept = 0;
  for (let id = 0; id < weights.length; id++) if ((weights[id] as number) > 0) kept++;
  // One number per token that sorts like (logit, then lower id first): 32 + 18 bits.
  const order = new Float64Array(kept);
  for (let id = 0; id < weights.length; id++) {
    if ((weights[id] as number) > 0) {
      order[--kept] = sortKey(logits[start + id] as number) * MAX_VOCAB + (MAX_VOCAB - 1 - id);
    }
  }
  order.sort().reverse();
  const idAt = (rank: number) => MAX_VOCAB - 1 - ((order[rank] as number) % MAX_VOCAB);

  const k = p.topK === 0 ? order.length : Math.min(p.topK, order.length);
  let mass = 0;
  for (let rank = 0; rank < k; rank++) mass += weights[idAt(rank)] as number;
  const { floor, exact } = shareOf(mass, p.topP);
  const target = Math.max(1, exact ? floor : floor + 1);
  let end = 0;
  for (let reached = 0; end < k && reached < target; end++) {
    reached += weights[idAt(end)] as number;
  }
  for (let rank = end; rank < order.length; rank++) weights[idAt(rank)] = 0;
}

/** Weights of one row, 0 for every token that is dropped; undefined when the row is bad. */
export function keptWeights(
  logits: Float32Array,
  start: number,
  p: FilterParams,
): { readonly weights: Float64Array; readonly largest: number } | undefined {
  if (!readLargest(logits, start, p.vocab, stats)) return undefined;
  const weights = new Float64Array(p.vocab);
  for (let id = 0; id < p.vocab; id++) {
    const difference = logitValue(logits[start + id] as number) - stats.max;
    weights[id] = Math.floor(UNIT * Math.exp(difference / p.temperature) + 0.5);
  }
  if (p.topK > 0 || p.topP < TWO24) filter(weights, logits, start, p);
  for (let id = 0; id < p.vocab; id++) {
    if ((weights[id] as number) < p.minWeight) weights[id] = 0;
  }
  return { weights, largest: stats.max };
}
