// Where the nodes and edges of a beam tree lie, in pixels: rounds as columns, the best candidate on top, a gap between
// what is kept and what is dropped.

import type { BeamNode, BeamTree } from '../../state/beams.ts';

export const NODE = { width: 152, height: 42 } as const;
const GAP = { x: 48, y: 6, cut: 14 } as const;
/** Of what a round dropped, so many of the best are drawn; all are in the table. */
export const MOST_DROPPED = 12;

export interface Placed {
  readonly node: BeamNode;
  readonly x: number;
  readonly y: number;
}

export interface Edge {
  readonly from: Placed;
  readonly to: Placed;
}

export interface Column {
  readonly round: number;
  readonly x: number;
  readonly candidates: number;
  readonly kept: number;
  /** Dropped ones that are not drawn. */
  readonly hidden: number;
  /** Below the kept ones; absent where all are kept, or none is judged yet. */
  readonly cut?: number;
  /** Below the last that is drawn. */
  readonly bottom: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly columns: readonly Column[];
  readonly nodes: readonly Placed[];
  readonly edges: readonly Edge[];
}

export const nameOf = ({ round, row }: Pick<BeamNode, 'round' | 'row'>): string =>
  `${round}.${row}`;

export function layoutOf({ rounds }: BeamTree): Layout {
  const placed = new Map<string, Placed>();
  const columns = rounds.map(({ round, nodes }): Column => {
    const x = round * (NODE.width + GAP.x);
    const kept = nodes.filter(({ rank }) => rank !== undefined).length;
    const drawn = nodes.slice(0, Math.max(kept, 1) + MOST_DROPPED);
    const cuts = kept > 0 && kept < nodes.length;
    const top = (i: number) => i * (NODE.height + GAP.y) + (cuts && i >= kept ? GAP.cut : 0);
    drawn.forEach((node, i) => void placed.set(nameOf(node), { node, x, y: top(i) }));
    return {
      round,
      x,
      candidates: nodes.length,
      kept,
      hidden: nodes.length - drawn.length,
      ...(cuts && { cut: top(kept) - (GAP.cut + GAP.y) / 2 }),
      bottom: top(drawn.length),
    };
  });
  const all = [...placed.values()];
  return {
    width: Math.max(0, columns.length * (NODE.width + GAP.x) - GAP.x),
    height: Math.max(0, ...columns.map(({ bottom, hidden }) => bottom + (hidden > 0 ? 20 : 0))),
    columns,
    nodes: all,
    edges: all.flatMap((to) => {
      const { round, parent: row } = to.node;
      const from = row === undefined ? undefined : placed.get(nameOf({ round: round - 1, row }));
      return from ? [{ from, to }] : [];
    }),
  };
}

/** A curve from the right end of one node to the left end of the other. */
export function curve({ from, to }: Edge): string {
  const [x0, y0] = [from.x + NODE.width, from.y + NODE.height / 2];
  const [x1, y1] = [to.x, to.y + NODE.height / 2];
  const half = (x0 + x1) / 2;
  return `M${x0} ${y0}C${half} ${y0} ${half} ${y1} ${x1} ${y1}`;
}
