// Small and large as blocks within blocks, areas in proportion to their parameters: at one scale, or each as large as
// its place. The table below says the same in numbers.

import { type HierarchyRectangularNode, hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import { useMemo, useRef, useState } from 'react';
import { LOOKED_AT, type LookedAt } from '../../core/dials.ts';
import { ROLE_NAMES } from '../../core/roles.ts';
import { quantity, titled } from '../../state/format.ts';
import type { Branch, Opened } from '../../state/parameters/types.ts';
import { Mark } from '../parts/Mark.tsx';
import { useBench } from './useBench.ts';
import { useWidth } from './useWidth.ts';

type Models = Readonly<Record<LookedAt, Opened | undefined>>;
/** Height over width of the largest picture. */
const ASPECT = 0.46;

export function Blocks({ models }: { models: Models }) {
  const [one, setOne] = useState(true);
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const most = Math.max(...LOOKED_AT.map((role) => models[role]?.anatomy.parameters ?? 1));
  return (
    <section aria-labelledby="blocks">
      <div className="panel-head">
        <h2 id="blocks">Blocks within blocks</h2>
        <div className="segments" role="radiogroup" aria-label="Scale of the blocks">
          <label>
            <input type="radio" name="scale" checked={one} onChange={() => setOne(true)} />
            One scale
          </label>
          <label>
            <input type="radio" name="scale" checked={!one} onChange={() => setOne(false)} />
            Each fills its place
          </label>
        </div>
      </div>
      <div ref={place} className="blocks">
        {LOOKED_AT.map((role) => {
          const model = models[role];
          const share = model ? model.anatomy.parameters / most : 1;
          const side = one ? Math.sqrt(share) : 1;
          return (
            <figure key={role}>
              <figcaption>
                <Mark of={role} /> {titled(ROLE_NAMES[role])}
                {model
                  ? `: ${model.name}, ${quantity(model.anatomy.parameters)} parameters`
                  : ' is being read.'}
              </figcaption>
              {model && (
                <TreeMap
                  role={role}
                  tree={model.tree}
                  width={width * side}
                  height={width * ASPECT * side}
                />
              )}
            </figure>
          );
        })}
      </div>
      <ul className="signs">
        <li>
          <span className="kind key embedding" /> embedding
        </li>
        <li>
          <span className="kind key weight" /> weight
        </li>
        <li>
          <span className="kind key bias" /> bias
        </li>
        <li>thick lines: layers; thin lines: tensors; a click on a tensor looks at it</li>
      </ul>
    </section>
  );
}

interface Props {
  readonly role: LookedAt;
  readonly tree: Branch;
  readonly width: number;
  readonly height: number;
}

type Cell = HierarchyRectangularNode<Branch>;

function TreeMap({ role, tree, width, height }: Props) {
  const { go } = useBench();
  const root = useMemo(() => {
    const nodes = hierarchy(tree, (one) => one.children).sum((one) =>
      one.children.length === 0 ? one.count : 0,
    );
    // No gaps: areas are counts.
    return treemap<Branch>().size([width, height]).tile(treemapSquarify)(nodes);
  }, [tree, width, height]);
  // Outer ones last, so that their lines lie over the others.
  const groups = root
    .descendants()
    .filter((cell) => cell.children && cell.depth > 0)
    .reverse();
  return (
    <svg
      width={width}
      height={height}
      role="img"
      aria-label={`The blocks of ${tree.title}; the table below has the same in numbers`}
      className="tree-map"
    >
      {root.leaves().map((cell) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the table below does the same by keyboard
        <rect
          key={cell.data.id}
          {...box(cell)}
          className={`kind ${cell.data.kind}`}
          onClick={() => go('look', { model: role, tensor: cell.data.tensor ?? '' })}
        >
          <title>{`${names(cell)}: ${quantity(cell.data.count)} = ${cell.data.formula}`}</title>
        </rect>
      ))}
      {groups.map((cell) => (
        <rect key={cell.data.id} {...box(cell)} className={`group depth-${cell.depth}`} />
      ))}
      {groups.map((cell) => (
        <Label key={cell.data.id} cell={cell} />
      ))}
    </svg>
  );
}

const box = ({ x0, y0, x1, y1 }: Cell) => ({
  x: x0,
  y: y0,
  width: Math.max(0, x1 - x0),
  height: Math.max(0, y1 - y0),
});

const names = (cell: Cell): string =>
  cell
    .ancestors()
    .reverse()
    .slice(1)
    .map(({ data }) => data.title)
    .join(', ');

/** Where there is room for it. */
function Label({ cell }: { cell: Cell }) {
  const { x0, y0, x1, y1, data, depth } = cell;
  const text = depth === 1 ? data.title : `${data.title} ${data.formula}`;
  const room = [text, data.title].find((one) => one.length * 6.2 + 8 < x1 - x0);
  const top = depth === 1 ? 13 : 27;
  if (!room || y1 - y0 < top + 4) return null;
  return (
    <text x={x0 + 4} y={y0 + top} className={depth === 1 ? 'label outer' : 'label'}>
      {room}
    </text>
  );
}
