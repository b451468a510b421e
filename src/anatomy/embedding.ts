// Tokens as points: the two directions in which embeddings differ most (principal components, by ml-pca), and which
// tokens point the same way as a given one.

import { Matrix } from 'ml-matrix';
import { PCA } from 'ml-pca';

/** Tokens on a map: as many as can be told apart. */
export const MAP_TOKENS = 4096;

export interface TokenMap {
  /** One per token, from token 0 on. */
  readonly x: Float32Array<ArrayBuffer>;
  readonly y: Float32Array<ArrayBuffer>;
  /** Shares of the variance that the two directions have. */
  readonly explained: readonly [number, number];
}

/** @param values (tokens, width), row by row */
export function tokenMap(values: Float32Array, width: number, tokens: number): TokenMap {
  const count = Math.min(tokens, MAP_TOKENS);
  const matrix = Matrix.from1DArray(count, width, values.subarray(0, count * width));
  const variance = totalVariance(matrix);
  const pca = new PCA(matrix, { method: 'NIPALS', nCompNIPALS: 2, center: true, scale: false });
  const scores = pca.predict(matrix, { nComponents: 2 });
  const axis = (k: 0 | 1) => Float32Array.from(scores.getColumn(k));
  const share = (k: 0 | 1) => squares(axis(k)) / (variance || 1);
  return { x: axis(0), y: axis(1), explained: [share(0), share(1)] };
}

const squares = (values: Float32Array): number => values.reduce((sum, x) => sum + x * x, 0);

/** Sum of squared distances from the mean. */
function totalVariance(matrix: Matrix): number {
  const means = matrix.mean('column');
  let sum = 0;
  for (let row = 0; row < matrix.rows; row++) {
    for (let column = 0; column < matrix.columns; column++) {
      sum += (matrix.get(row, column) - means[column]!) ** 2;
    }
  }
  return sum;
}

export interface Neighbour {
  readonly token: number;
  /** Cosine of the angle, in [-1, 1]. */
  readonly cosine: number;
}

/** The tokens whose embeddings point most nearly the same way, nearest first, itself left out. */
export function neighbours(
  values: Float32Array,
  width: number,
  tokens: number,
  token: number,
  count: number,
): readonly Neighbour[] {
  const row = (t: number) => values.subarray(t * width, (t + 1) * width);
  const own = row(token);
  const length = (v: Float32Array) => Math.sqrt(squares(v));
  const ownLength = length(own);
  const all: Neighbour[] = [];
  for (let t = 0; t < tokens; t++) {
    if (t === token) continue;
    const other = row(t);
    let dot = 0;
    for (let i = 0; i < width; i++) dot += own[i]! * other[i]!;
    all.push({ token: t, cosine: dot / (ownLength * length(other) || 1) });
  }
  return all.sort((a, b) => b.cosine - a.cosine || a.token - b.token).slice(0, count);
}
