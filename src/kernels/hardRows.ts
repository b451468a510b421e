// Rows of logits that would break a kernel that is nearly right. Random data finds few defects: each of
// these is here for one mistake, and is named by it. Whatever a kernel must not read is NaN, or, where it
// comes back because the rows are updated in place, a number that would drown all others.

import { CHUNK, type RowWindow } from './rows.ts';

export interface RowsSpec {
  readonly why: string;
  readonly rows: number;
  readonly vocab: number;
  /** The logit of one token. */
  fill(row: number, id: number): number;
  /** Columns in memory, when they are more than vocab. */
  readonly stride?: number;
  /** As in the backends' layout: row r is memory row rowStart + r * rowStep. */
  readonly rowStart?: number;
  readonly rowStep?: number;
  /** Exact bits in place of some logits: [row, id, word]. */
  readonly bits?: readonly (readonly [number, number, number])[];
}

export interface Rows {
  readonly logits: Float32Array;
  readonly window: RowWindow;
}

/** `outside` fills the memory that is not part of the rows. */
export function makeRows(spec: RowsSpec, outside = Number.NaN): Rows {
  const { rows, vocab, stride = vocab, rowStart = 0, rowStep = 1 } = spec;
  const base = rowStart * stride;
  const pitch = rowStep * stride;
  const logits = new Float32Array((rowStart + (rows - 1) * rowStep + 1) * stride);
  if (stride > vocab || rowStart > 0 || rowStep > 1) logits.fill(outside);
  for (let row = 0; row < rows; row++) {
    const start = base + row * pitch;
    for (let id = 0; id < vocab; id++) logits[start + id] = spec.fill(row, id);
  }
  const words = new Uint32Array(logits.buffer);
  for (const [row, id, word] of spec.bits ?? []) words[base + row * pitch + id] = word;
  return { logits, window: { rows, vocab, base, pitch } };
}

/** A number in [0, 1) that looks random and is the same everywhere. */
export function noise(row: number, id: number): number {
  let h = Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(id + 1, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 2 ** 32;
}

/** Like a language model's row: a broad bulk around 0 with a few tokens that stand out. */
export const likely = (row: number, id: number): number => {
  const bulk = 5 * (noise(row, id) + noise(row + 7777, id) - 1);
  return noise(row + 31, id) > 0.995 ? bulk + 6 : bulk;
};

/** One token id below vocab for each row. */
export function someTokens({ rows, vocab }: RowWindow): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, row) => (row * 7919 + 13) % vocab);
}

const INFINITY = 0x7f800000;
const NEGATIVE_NAN = 0xffc00001;
const never = Number.NEGATIVE_INFINITY;

export const hardRows: readonly RowsSpec[] = [
  { why: 'one row, one column: nothing to reduce', rows: 1, vocab: 1, fill: () => 2.5 },
  {
    why: 'all negative: a maximum that starts at 0 would win',
    rows: 2,
    vocab: 79,
    fill: (row, id) => -1 - 40 * noise(row, id),
  },
  {
    why: 'ties within a chunk and across chunks go to the lowest id',
    rows: 2,
    vocab: 2 * CHUNK + 300,
    fill: (row, id) => ([3 + row, 700, CHUNK - 1, CHUNK, 2 * CHUNK + 299].includes(id) ? 4 : -1),
  },
  {
    why: 'minus zero ties with zero',
    rows: 1,
    vocab: 5,
    fill: (_, id) => [-1, -0, 0, -0, -2][id] as number,
  },
  { why: 'all equal: argmax is 0', rows: 1, vocab: 300, fill: () => -3 },
  {
    why: 'peaked far from 0: exp without subtracting the maximum overflows',
    rows: 2,
    vocab: 79,
    fill: (row, id) => (id === 60 + row ? 1000 : 400 + (id % 7)),
  },
  {
    why: 'the largest finite floats: differences overflow',
    rows: 2,
    vocab: 10,
    fill: (row, id) => (id === 4 && row === 0 ? 3.4e38 : id % 2 === 0 ? -3.4e38 : -3e38 + id),
  },
  {
    why: 'denormals: ordered by bits even where arithmetic flushes them to 0',
    rows: 1,
    vocab: 6,
    fill: (_, id) => [1e-41, 3e-41, 2e-41, -1e-41, 0, 3e-41][id] as number,
  },
  {
    why: '-Infinity means never',
    rows: 3,
    vocab: 79,
    fill: (row, id) => (id % 3 !== row ? never : likely(row, id)),
  },
  { why: 'nothing but -Infinity is uniform', rows: 1, vocab: 9, fill: () => never },
  { why: 'one past a workgroup', rows: 3, vocab: 257, fill: likely },
  { why: 'one past a chunk', rows: 2, vocab: CHUNK + 1, fill: likely },
  { why: 'prime vocabulary', rows: 5, vocab: 1009, fill: likely },
  {
    why: 'a padded head: columns beyond the vocabulary are not read',
    rows: 3,
    vocab: 79,
    stride: 128,
    fill: likely,
  },
  {
    why: 'every third row from the second on: a batch of last positions',
    rows: 4,
    vocab: 101,
    rowStart: 1,
    rowStep: 3,
    fill: likely,
  },
  {
    why: 'NaN in the last column',
    rows: 3,
    vocab: 300,
    fill: (row, id) => (row === 1 && id === 299 ? Number.NaN : likely(row, id)),
  },
  {
    why: 'NaN with its sign bit set is not a small number',
    rows: 2,
    vocab: 79,
    fill: likely,
    bits: [[0, 7, NEGATIVE_NAN]],
  },
  {
    why: '+Infinity in the second chunk',
    rows: 2,
    vocab: CHUNK + 70,
    fill: likely,
    bits: [[1, CHUNK + 5, INFINITY]],
  },
  { why: 'the vocabulary of Qwen 2.5, one row', rows: 1, vocab: 151_936, fill: likely },
  { why: '4,096 rows', rows: 4096, vocab: 79, fill: likely },
];

/** More workgroups than one side of a grid may have. */
export const manyRows: RowsSpec = {
  why: '65,537 rows: the grid folds',
  rows: 65_537,
  vocab: 2,
  fill: likely,
};

export const benchRows: readonly RowsSpec[] = [
  { why: '1 x 79', rows: 1, vocab: 79, fill: likely },
  { why: '1 x 32,000', rows: 1, vocab: 32_000, fill: likely },
  { why: '1 x 151,936', rows: 1, vocab: 151_936, fill: likely },
  { why: '64 x 32,000', rows: 64, vocab: 32_000, fill: likely },
];
