// The search, live: every column a chunk, every box a candidate with what it wrote and what it was worth so far; on top
// what is kept, below the line what was dropped. Arrow keys go along the tree, Enter opens one.

import { type KeyboardEvent, memo, type PointerEvent, useEffect, useRef, useState } from 'react';
import { nodeName, scored, signed } from '../../state/beamSentences.ts';
import {
  type BeamNode,
  beamsOf,
  childrenOf,
  nodeAt,
  pathTo,
  type BeamTree as Tree,
} from '../../state/beams.ts';
import { visible } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { BeamDetails } from './BeamDetails.tsx';
import { BeamTable } from './BeamTable.tsx';
import { curve, type Layout, layoutOf, NODE, nameOf, type Placed } from './layout.ts';
import './beams.css';

export default function BeamTree({ run }: { run: Run }) {
  const tree = beamsOf(run);
  const layout = layoutOf(tree);
  const [opened, setOpened] = useState<string>();
  const [pointed, setPointed] = useState<string>();
  const [focused, setFocused] = useState<string>();
  const ground = useRef<HTMLDivElement>(null);
  const find = (name: string | undefined) => layout.nodes.find(({ node }) => nameOf(node) === name);
  const open = find(opened)?.node;
  const trail = new Set(
    [pointed ?? focused ?? opened].flatMap((name) => {
      const node = find(name)?.node;
      return node ? pathTo(tree, node).map(nameOf) : [];
    }),
  );
  const reachable = find(focused) ?? layout.nodes[0];
  useNewest(ground, layout.width);

  const move = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && opened !== undefined) {
      // Here it closes what was opened, and does not stop the run.
      event.stopPropagation();
      setOpened(undefined);
      return;
    }
    const from = find(nameAt(event.target))?.node;
    const to = from && neighbour(tree, layout, from, event.key);
    if (!to) return;
    event.preventDefault();
    ground.current?.querySelector<HTMLElement>(`[data-node="${nameOf(to)}"]`)?.focus();
  };
  return (
    <section className="beams" aria-labelledby="beams-title">
      <div className="panel-head">
        <h2 id="beams-title">Beam tree</h2>
        <Legend over={tree.winner !== undefined} />
      </div>
      <div
        className="ground"
        ref={ground}
        data-testid="beams"
        role="toolbar"
        aria-label="Candidates; arrow keys go along the tree, Enter opens one"
        tabIndex={layout.nodes.length === 0 ? 0 : -1}
        onKeyDown={move}
        onFocus={({ target }) => setFocused(nameAt(target))}
        onPointerOver={({ target }) => setPointed(nameAt(target))}
        onPointerLeave={() => setPointed(undefined)}
        onClick={({ target }) => {
          const name = nameAt(target);
          if (name !== undefined) setOpened(name === opened ? undefined : name);
        }}
        {...dragging}
      >
        {layout.nodes.length === 0 && (
          <p className="muted hint">The first candidates are being written.</p>
        )}
        <div className="heads" style={{ width: layout.width }}>
          {layout.columns.map(({ round, x, candidates, kept }) => (
            <p key={round} className="fine num" style={{ left: x, width: NODE.width }}>
              <b>Chunk {round + 1}</b>{' '}
              {kept > 0 ? `${kept} of ${candidates} kept` : 'being written'}
            </p>
          ))}
        </div>
        <div className="field" style={{ width: layout.width, height: layout.height }}>
          <Edges layout={layout} trail={trail} />
          {layout.columns.map(({ round, x, hidden, bottom }) =>
            hidden > 0 ? (
              <p key={round} className="fine more-dropped" style={{ left: x, top: bottom }}>
                {hidden} more dropped
              </p>
            ) : null,
          )}
          {layout.nodes.map((placed) => {
            const name = nameOf(placed.node);
            return (
              <Box
                key={name}
                placed={placed}
                wins={placed.node === tree.winner}
                onTrail={trail.has(name)}
                open={name === opened}
                reachable={placed === reachable}
              />
            );
          })}
        </div>
      </div>
      {open && (
        <BeamDetails tree={tree} node={open} run={run} onClose={() => setOpened(undefined)} />
      )}
      <BeamTable tree={tree} />
    </section>
  );
}

const nameAt = (target: EventTarget): string | undefined =>
  target instanceof Element ? target.closest<HTMLElement>('[data-node]')?.dataset.node : undefined;

/** Where an arrow key leads. */
function neighbour(
  tree: Tree,
  { nodes }: Layout,
  from: BeamNode,
  key: string,
): BeamNode | undefined {
  const column = nodes.filter(({ node }) => node.round === from.round).map(({ node }) => node);
  const at = column.indexOf(from);
  const drawn = (some: readonly BeamNode[]) =>
    some.find((node) => nodes.some((placed) => placed.node === node));
  const firstOf = (round: number) => nodes.find(({ node }) => node.round === round)?.node;
  switch (key) {
    case 'ArrowRight':
      return drawn(childrenOf(tree, from));
    case 'ArrowLeft':
      return nodeAt(tree, from.round - 1, from.parent);
    case 'ArrowDown':
      return column[at + 1];
    case 'ArrowUp':
      return column[at - 1];
    case 'Home':
      return firstOf(0);
    case 'End':
      return firstOf(tree.rounds.length - 1);
    default:
      return undefined;
  }
}

function Edges({ layout, trail }: { layout: Layout; trail: ReadonlySet<string> }) {
  const { width, height, edges, columns } = layout;
  const look = (node: BeamNode) =>
    [
      node.leads ? 'leads' : node.rank === undefined && node.score !== undefined ? 'dropped' : '',
      trail.has(nameOf(node)) ? 'trail' : '',
    ].join(' ');
  return (
    <svg width={width} height={height} aria-hidden="true">
      {columns.map(({ round, x, cut }) =>
        cut === undefined ? null : (
          <line key={round} x1={x} x2={x + NODE.width} y1={cut} y2={cut} className="cut" />
        ),
      )}
      {edges.map((edge) => (
        <path key={nameOf(edge.to.node)} d={curve(edge)} className={look(edge.to.node)} />
      ))}
    </svg>
  );
}

interface BoxProps {
  readonly placed: Placed;
  readonly wins: boolean;
  readonly onTrail: boolean;
  readonly open: boolean;
  readonly reachable: boolean;
}

function DrawBox({ placed: { node, x, y }, wins, onTrail, open, reachable }: BoxProps) {
  const { text, score, gain = 0, rank, finished, leads, tokens } = node;
  const state = score === undefined ? 'writing' : rank === undefined ? 'dropped' : 'kept';
  return (
    <button
      type="button"
      className={`node ${state} ${leads ? 'leads' : ''} ${onTrail ? 'trail' : ''}`}
      style={{ left: x, top: y, width: NODE.width, height: NODE.height }}
      data-node={nameOf(node)}
      aria-expanded={open}
      tabIndex={reachable ? 0 : -1}
    >
      <span className="unseen">{nodeName(node)}</span>
      <span className="said mono" aria-hidden="true">
        {tokens === 0 && finished ? '=' : visible(text)}
        {finished && ' ∎'}
      </span>
      <span className="worth num" aria-hidden="true">
        {score === undefined ? (
          'being written'
        ) : (
          <>
            <b>{scored(score)}</b> {signed(gain)}
            <i>{wins ? 'the text' : rank === undefined ? '×' : `${rank}`}</i>
          </>
        )}
      </span>
    </button>
  );
}

/** A tree has hundreds of them, and few change from one moment to the next. */
const Box = memo(DrawBox, ({ placed: a, ...one }, { placed: b, ...other }) => {
  const faces: (keyof BeamNode)[] = ['text', 'score', 'rank', 'leads', 'finished', 'parent'];
  const flags: (keyof typeof one)[] = ['wins', 'onTrail', 'open', 'reachable'];
  return (
    a.x === b.x &&
    a.y === b.y &&
    faces.every((face) => a.node[face] === b.node[face]) &&
    flags.every((flag) => one[flag] === other[flag])
  );
});

function Legend({ over }: { over: boolean }) {
  return (
    <ul className="beams-legend">
      <li>
        <span className="sample leads" />
        {over ? 'the way to the text' : 'best so far'}
      </li>
      <li>
        <span className="sample kept" />
        kept, with its rank
      </li>
      <li>
        <span className="sample dropped" />
        dropped ×
      </li>
      <li>∎ ended</li>
      <li>score and what this chunk added, nats</li>
    </ul>
  );
}

/** Keeps the newest column in sight while the reader is at the end. */
function useNewest(ground: React.RefObject<HTMLDivElement | null>, width: number): void {
  const atEnd = useRef(true);
  useEffect(() => {
    const box = ground.current;
    if (!box) return;
    const follow = () => {
      atEnd.current = box.scrollWidth - box.scrollLeft - box.clientWidth < NODE.width;
    };
    box.addEventListener('scroll', follow, { passive: true });
    return () => box.removeEventListener('scroll', follow);
  }, [ground]);
  useEffect(() => {
    if (width > 0 && atEnd.current && ground.current) {
      ground.current.scrollLeft = ground.current.scrollWidth;
    }
  }, [ground, width]);
}

/** Whoever has a mouse takes the ground and pulls it; everyone else scrolls. */
const dragging = {
  onPointerDown: (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget;
    if (event.pointerType !== 'mouse' || nameAt(event.target) !== undefined) return;
    // What lies beyond the contents is a scroll bar.
    const { left, top } = box.getBoundingClientRect();
    if (event.clientX - left > box.clientWidth || event.clientY - top > box.clientHeight) return;
    box.setPointerCapture(event.pointerId);
  },
  onPointerMove: ({
    currentTarget: box,
    pointerId,
    movementX,
    movementY,
  }: PointerEvent<HTMLElement>) => {
    if (box.hasPointerCapture(pointerId)) box.scrollBy(-movementX, -movementY);
  },
} as const;
