// The tree as a table, all candidates of it.

import { useState } from 'react';
import { signed } from '../../state/beamSentences.ts';
import type { BeamNode, BeamTree } from '../../state/beams.ts';
import { quantity, visible } from '../../state/format.ts';
import { Scroller } from '../parts/Scroller.tsx';
import { nameOf } from './layout.ts';

/** More rows than anybody reads, and than a page should hold. */
const MOST_ROWS = 1000;

export function BeamTable({ tree }: { tree: BeamTree }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="twin" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="fine">Numbers</summary>
      {open && <Rows tree={tree} />}
    </details>
  );
}

function Rows({ tree }: { tree: BeamTree }) {
  const nodes = tree.rounds.flatMap((round) => round.nodes);
  const became = (node: BeamNode) =>
    node === tree.winner
      ? 'the text'
      : node.score === undefined
        ? 'being written'
        : node.rank === undefined
          ? 'dropped'
          : `kept as ${node.rank}`;
  return (
    <>
      {nodes.length > MOST_ROWS && (
        <p className="fine">
          The first {quantity(MOST_ROWS)} of {quantity(nodes.length)} candidates.
        </p>
      )}
      <Scroller label="Numbers: Beam tree">
        <table>
          <thead>
            <tr>
              {['Chunk', 'Candidate', 'Continues', 'Text'].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
              {['Tokens', 'Score, nats', 'Added'].map((title) => (
                <th key={title} scope="col" className="right">
                  {title}
                </th>
              ))}
              <th scope="col">Became</th>
              <th scope="col">Ended</th>
            </tr>
          </thead>
          <tbody>
            {nodes.slice(0, MOST_ROWS).map((node) => (
              <tr key={nameOf(node)}>
                <td>{node.round + 1}</td>
                <td>{node.row + 1}</td>
                <td>{node.parent === undefined ? '–' : node.parent + 1}</td>
                <td className="mono">{visible(node.text) || '–'}</td>
                <td className="number">{node.tokens}</td>
                <td className="number">{node.score?.toFixed(3) ?? '–'}</td>
                <td className="number">{node.gain === undefined ? '–' : signed(node.gain)}</td>
                <td>{became(node)}</td>
                <td>{node.finished ? 'yes' : 'no'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </>
  );
}
