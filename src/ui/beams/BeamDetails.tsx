// One candidate: its text chunk by chunk, how its score came about, and why it was kept or not.

import { nats, signed, whyKept } from '../../state/beamSentences.ts';
import { type BeamNode, type BeamTree, pathTo } from '../../state/beams.ts';
import { visible } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { Icon } from '../parts/Icon.tsx';
import { Scroller } from '../parts/Scroller.tsx';

interface Props {
  readonly tree: BeamTree;
  readonly node: BeamNode;
  readonly run: Run;
  readonly onClose: () => void;
}

export function BeamDetails({ tree, node, run, onClose }: Props) {
  const path = pathTo(tree, node);
  return (
    <section className="beam-details" aria-label="Candidate">
      <div className="panel-head">
        <h3>
          Chunk {node.round + 1}, candidate {node.row + 1}
        </h3>
        <button type="button" className="button bare icon" onClick={onClose} aria-label="Close">
          <Icon name="close" />
        </button>
      </div>
      <p>{whyKept(tree, node)}</p>
      <p className="mono pieces">
        <span className="given">{run.experiment.prompt}</span>
        {path.map(({ round, text }) => (
          <span key={round} className="piece">
            {visible(text).replaceAll('␣', '·')}
          </span>
        ))}
      </p>
      <Scroller label="How its score came about">
        <table>
          <thead>
            <tr>
              <th scope="col">Chunk</th>
              <th scope="col">Text</th>
              <th scope="col" className="right">
                Added
              </th>
              <th scope="col" className="right">
                Score
              </th>
            </tr>
          </thead>
          <tbody>
            {path.map(({ round, text, gain, score }) => (
              <tr key={round}>
                <th scope="row">{round + 1}</th>
                <td className="mono">{visible(text) || '–'}</td>
                <td className="number">{gain === undefined ? '–' : signed(gain)}</td>
                <td className="number">{score === undefined ? '–' : nats(score)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}
