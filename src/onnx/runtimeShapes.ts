// Symbolic contents as nodes: what remains of shape computations when something that runs needs the numbers. Each
// symbol is read from an input's shape; sums and products of symbols are computed; equal nodes merge.

import { UserError } from '../core/errors.ts';
import { type Dim, same } from './dim.ts';
import { type Attributes, int, type ValueInfo } from './graph.ts';
import type { Operator } from './operators.ts';
import { DataType } from './tensor.ts';

/** What the builder offers: nodes that are not folded away, and int64 vectors as initialisers. */
export interface ShapeWriter {
  run(op: Operator, inputs: readonly string[], info: ValueInfo, attributes?: Attributes): string;
  vector(values: readonly number[]): string;
}

/** A target for Reshape with 0 (axis copied) and one -1, so that symbols need no nodes where that suffices. */
export function reshapeTarget(source: readonly Dim[], target: readonly Dim[]): readonly Dim[] {
  const copied = target.map((dim, axis) => {
    const from = source[axis];
    return typeof dim !== 'number' && from !== undefined && same(from, dim) ? 0 : dim;
  });
  const open = copied.filter((dim) => typeof dim !== 'number').length;
  if (open > 1 || target.includes(0)) return target;
  return copied.map((dim) => (typeof dim === 'number' ? dim : -1));
}

export class RuntimeShapes {
  /** Where a dim can be read: an input and its axis. */
  readonly #sources = new Map<string, readonly [input: string, axis: number]>();

  /** Remembers which symbols an input's shape tells. */
  note(input: string, shape: readonly Dim[]): void {
    shape.forEach((dim, axis) => {
      if (typeof dim === 'number' || this.#sources.has(dim.key)) return;
      this.#sources.set(dim.key, [input, axis]);
    });
  }

  /** A tensor whose contents have symbols. */
  write(writer: ShapeWriter, info: ValueInfo): string {
    const { dtype, shape, contents = [] } = info;
    const vector = { dtype: DataType.int64, shape: [contents.length], contents };
    const parts = contents.map((dim) => this.#dim(writer, dim));
    let value =
      parts.length === 1 ? parts[0]! : writer.run('Concat', parts, vector, { axis: int(0) });
    if (shape.length === 0) value = writer.run('Squeeze', [value], { ...vector, shape });
    if (shape.length > 1) {
      const target = writer.vector(shape.map(Number));
      value = writer.run('Reshape', [value, target], { ...vector, shape });
    }
    if (dtype === DataType.int64) return value;
    return writer.run('Cast', [value], info, { to: int(dtype) });
  }

  /** A dim as an int64 vector of one element. */
  #dim(writer: ShapeWriter, dim: Dim): string {
    if (typeof dim === 'number') return writer.vector([dim]);
    if (this.#sources.has(dim.key)) return this.#read(writer, dim.key);
    const info = { dtype: DataType.int64, shape: [1] };
    const combine = (op: 'Add' | 'Mul', parts: readonly string[]) =>
      parts.reduce((a, b) => writer.run(op, [a, b], info));
    const terms = dim.terms.map(({ coefficient, symbols }) => {
      const factors = symbols.map((name) => this.#read(writer, name));
      const bare = coefficient === 1 && factors.length > 0;
      return combine('Mul', bare ? factors : [writer.vector([coefficient]), ...factors]);
    });
    return combine('Add', terms);
  }

  #read(writer: ShapeWriter, key: string): string {
    const source = this.#sources.get(key);
    if (source === undefined) {
      throw new UserError(
        'onnx',
        `The size '${key}' is needed at run time but is no axis of an input.`,
        `Bind '${key}' to a number.`,
      );
    }
    const [input, axis] = source;
    const info = { dtype: DataType.int64, shape: [1] };
    return writer.run('Shape', [input], info, { start: int(axis), end: int(axis + 1) });
  }
}
