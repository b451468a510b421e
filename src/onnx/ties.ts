// A tied head. torch's constant folding turns the one matrix that is both embedding and head into two tensors, the
// second transposed; trained apart they would drift. Values tell: a copy of an embedding is the embedding.

import type { Graph } from './graph.ts';
import { DataType, float32Of, type Tensor } from './tensor.ts';

export interface Tie {
  /** The initialiser that stays. */
  readonly source: string;
  /** The copy is its transpose. */
  readonly transposed: boolean;
}

/** True if b (columns, rows) is the transpose of a (rows, columns), bit for bit. */
function isTranspose(a: Tensor, b: Tensor): boolean {
  const [rows, columns] = a.dims;
  if (rows === undefined || columns === undefined) return false;
  if (b.dims[0] !== columns || b.dims[1] !== rows) return false;
  const [x, y] = [float32Of(a), float32Of(b)];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (x[row * columns + column] !== y[column * rows + row]) return false;
    }
  }
  return true;
}

function isCopy(a: Tensor, b: Tensor): boolean {
  if (a.dims[0] !== b.dims[0] || a.dims[1] !== b.dims[1]) return false;
  const y = float32Of(b);
  return float32Of(a).every((value, i) => value === y[i]);
}

/** Fresh models have matrices of one value; equal values say nothing there. */
function isUniform(tensor: Tensor): boolean {
  const values = float32Of(tensor);
  return values.every((value) => value === values[0]);
}

/** Copies of embedding matrices: copy's name -> what it is a copy of. */
export function findTies(graph: Graph): Map<string, Tie> {
  const matrices = [...graph.initializers].filter(
    ([, t]) => t.dtype === DataType.float && t.dims.length === 2,
  );
  const embeddings = new Set(
    graph.nodes.filter((node) => node.op === 'Gather').map((node) => node.inputs[0]),
  );
  const ties = new Map<string, Tie>();
  for (const [source, table] of matrices) {
    if (!embeddings.has(source) || isUniform(table)) continue;
    for (const [name, matrix] of matrices) {
      if (name === source || embeddings.has(name)) continue;
      if (isTranspose(table, matrix)) ties.set(name, { source, transposed: true });
      else if (isCopy(table, matrix)) ties.set(name, { source, transposed: false });
    }
  }
  return ties;
}
