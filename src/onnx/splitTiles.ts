// Slices that together tile an axis (rotate_half, packed q/k/v) become one Split: its gradient is one Concat,
// where each Slice would be padded with zeros and summed.

import { type Dim, same, show } from './dim.ts';
import { type Graph, int, type Node } from './graph.ts';
import { sliceRanges } from './inferLayout.ts';
import { rewrite } from './rewrite.ts';

interface Tile {
  readonly node: Node;
  readonly axis: number;
  readonly start: Dim;
  readonly end: Dim;
}

/** The axis and range of a Slice along one axis with step 1. */
function tileOf(graph: Graph, node: Node): Tile | undefined {
  const inputs = node.inputs.map((name) => graph.values.get(name));
  if (inputs.slice(1).some((info) => info?.contents === undefined)) return undefined;
  const ranges = [...sliceRanges({ node, inputs, warn: () => {} })];
  const range = ranges[0];
  if (ranges.length !== 1 || range === undefined) return undefined;
  const [axis, [start, end, step]] = range;
  return step === 1 ? { node, axis, start, end } : undefined;
}

/** The tiles in order if they cover the axis exactly, else undefined. */
function ordered(tiles: readonly Tile[], size: Dim): Tile[] | undefined {
  const inOrder: Tile[] = [];
  let at: Dim = 0;
  for (;;) {
    const edge: Dim = at;
    const next: Tile | undefined = tiles.find((tile) => same(tile.start, edge));
    if (next === undefined || inOrder.includes(next)) return undefined;
    inOrder.push(next);
    at = next.end;
    if (same(at, size))
      return inOrder.length === tiles.length && tiles.length > 1 ? inOrder : undefined;
  }
}

export function splitTiles(graph: Graph): Graph {
  const groups = new Map<string, Tile[]>();
  for (const node of graph.nodes) {
    const tile = node.op === 'Slice' ? tileOf(graph, node) : undefined;
    if (tile === undefined) continue;
    const key = `${node.inputs[0]} ${tile.axis}`;
    groups.set(key, [...(groups.get(key) ?? []), tile]);
  }
  const splits = new Map<Node, readonly Tile[]>();
  for (const tiles of groups.values()) {
    const { node, axis } = tiles[0]!;
    const size = graph.values.get(node.inputs[0]!)!.shape[axis]!;
    const inOrder = ordered(tiles, size);
    const concrete = inOrder?.every(
      (tile) => typeof tile.end === 'number' && typeof tile.start === 'number',
    );
    if (inOrder !== undefined && concrete)
      for (const tile of inOrder) splits.set(tile.node, inOrder);
  }
  if (splits.size === 0) return graph;
  return rewrite(graph, (b, node, inputs) => {
    const tiles = splits.get(node);
    if (tiles === undefined) return undefined;
    const sizes = tiles.map((tile) => Number(show(tile.end)) - Number(show(tile.start)));
    const names = tiles.map((tile) => tile.node.outputs[0]);
    // Equal nodes merge, so each of the slices asks for the same Split and takes its own part.
    const attributes = { axis: int(tiles[0]!.axis) };
    const parts = b.addMany('Split', [inputs[0]!, b.ints(sizes)], attributes, names);
    return [parts[tiles.findIndex((tile) => tile.node === node)]!];
  }).graph;
}
