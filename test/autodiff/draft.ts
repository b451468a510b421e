// Graphs written by hand for tests, as an exporter would write them.

import { symbol } from '../../src/onnx/dim.ts';
import type { Attributes, Graph, Node, Port } from '../../src/onnx/graph.ts';
import { DataType, type Tensor, tensorOf } from '../../src/onnx/tensor.ts';
import { int64s, type Value } from './run.ts';

/** Width, heads, key heads, head size, vocabulary, longest sequence. */
export const [D, heads, keyHeads, size, vocabulary, maxLength] = [64, 4, 2, 16, 11, 12];
export const [B, T] = [2, 5];

/** Numbers in [-scale, scale] that never change. */
function noise(count: number, seed: number, scale: number): number[] {
  return Array.from(
    { length: count },
    (_, i) => scale * Math.sin(seed * 1000 + i * 78.233 + 0.3 * i * i),
  );
}

export class Draft {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();

  /** The nodes that `write` adds. */
  with(write: (draft: this) => void): readonly Node[] {
    write(this);
    return this.nodes;
  }

  weight(name: string, dims: readonly number[], scale = 0.15, centre = 0): string {
    const count = dims.reduce((n, dim) => n * dim, 1);
    const values = noise(count, this.initializers.size + 1, scale).map((x) => x + centre);
    this.initializers.set(name, tensorOf(DataType.float, dims, values));
    return name;
  }

  /** Returns the first output; others are named `${output}.1`, ... if asked for. */
  node(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: Attributes = {},
    more: readonly string[] = [],
    domain = 'com.microsoft',
  ): string {
    this.nodes.push({
      name: `/${output}/${op}`,
      op,
      domain,
      inputs,
      outputs: [output, ...more],
      attributes,
    });
    return output;
  }

  /** A node of the standard domain. */
  plain(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: Attributes = {},
  ): string {
    return this.node(op, inputs, output, attributes, [], '');
  }

  linear(x: string, name: string, rows: number, columns: number): string {
    return this.plain('MatMul', [x, this.weight(`${name}.weight`, [rows, columns])], name);
  }

  graph(inputs: readonly Port[], opset = 17): Graph {
    const shape = [symbol('B'), symbol('T'), vocabulary];
    return {
      name: 'contrib',
      inputs,
      outputs: [{ name: 'logits', dtype: DataType.float, shape }],
      initializers: this.initializers,
      nodes: this.nodes,
      values: new Map(),
      opsets: { '': opset, 'com.microsoft': 1 },
    };
  }
}

export function rotaryTables(draft: Draft): void {
  const angle = (i: number) => Math.floor(i / (size / 2)) / 100 ** ((i % (size / 2)) / (size / 2));
  const table = (f: (x: number) => number) =>
    tensorOf(
      DataType.float,
      [maxLength, size / 2],
      Array.from({ length: (maxLength * size) / 2 }, (_, i) => f(angle(i))),
    );
  draft.initializers.set('cos_cache', table(Math.cos));
  draft.initializers.set('sin_cache', table(Math.sin));
}

export const BT = [symbol('B'), symbol('T')];
export const idsPort: Port = { name: 'input_ids', dtype: DataType.int64, shape: BT };
export const ids: Value = int64s(
  [B, T],
  Array.from({ length: B * T }, (_, i) => (i * 7 + 3) % vocabulary),
);

/** Positions 0, 1, ... in every row. */
export const positions: Value = int64s(
  [B, T],
  Array.from({ length: B * T }, (_, i) => i % T),
);
export const positionsPort: Port = { name: 'position_ids', dtype: DataType.int64, shape: BT };
