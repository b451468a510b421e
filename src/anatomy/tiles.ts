// A matrix of any size as a picture that is made where somebody looks: square tiles of cells, a cell standing for one
// number or, further away, for 2^level x 2^level of them. It shows the one of largest magnitude, sign and all: means
// of weights are near zero everywhere, and what stands out is what one looks for.

/** Cells along a tile's side. */
export const TILE = 64;

export interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** The last axis goes along, all others go down; a vector is one row. */
export function shapeOf(dims: readonly number[]): {
  readonly rows: number;
  readonly columns: number;
} {
  const columns = dims.at(-1) ?? 1;
  const size = dims.reduce((product, n) => product * n, 1);
  return { rows: columns > 0 ? size / columns : 0, columns };
}

/** TILE x TILE cells, row by row; NaN outside the matrix. Tile (0, 0) begins at element (0, 0). */
export function tileOf(
  { values, rows, columns }: Matrix,
  level: number,
  down: number,
  along: number,
): Float32Array<ArrayBuffer> {
  const cells = new Float32Array(TILE * TILE).fill(Number.NaN);
  const size = 2 ** level;
  const [top, left] = [down * TILE * size, along * TILE * size];
  const bottom = Math.min(rows, top + TILE * size);
  const right = Math.min(columns, left + TILE * size);
  for (let row = top; row < bottom; row++) {
    const base = Math.floor((row - top) / size) * TILE;
    const line = row * columns;
    for (let column = left; column < right; column++) {
      const cell = base + Math.floor((column - left) / size);
      const x = values[line + column]!;
      const before = cells[cell]!;
      if (!(Math.abs(x) <= Math.abs(before))) cells[cell] = x;
    }
  }
  return cells;
}
