// The ONNX graph in figures: who wrote it, its operators, and what its inputs and outputs are taken for.

import type { ModelCard } from '../../core/modelCard.ts';
import { plural, quantity } from '../../state/format.ts';
import { Scroller } from '../parts/Scroller.tsx';

/** Most frequent operators that are shown; the rest is counted. */
const SHOWN = 16;

export function Graph({ card }: { card: ModelCard }) {
  const { producer, ir, opsets, nodes, operators, ports } = card.graph;
  const sets = Object.entries(opsets).map(([domain, version]) => `${domain || 'ONNX'} ${version}`);
  const more = operators.length - SHOWN;
  return (
    <details>
      <summary>
        Graph
        <span className="fine">
          {plural(nodes, 'node')}, {plural(operators.length, 'operator')}
        </span>
      </summary>
      <p className="fine">
        {producer || 'An unnamed exporter'}, IR {ir}; operator sets {sets.join(', ')}
      </p>
      <p className="operators">
        {operators.slice(0, SHOWN).map(({ op, count }) => (
          <span key={op}>
            {op} <b className="num">{quantity(count)}</b>
          </span>
        ))}
        {more > 0 && <span className="fine">and {plural(more, 'other', 'others')}</span>}
      </p>
      <Scroller label="Inputs and outputs">
        <table>
          <thead>
            <tr>
              <th scope="col">Input or output</th>
              <th scope="col">Taken for</th>
              <th scope="col">Type</th>
              <th scope="col">Shape</th>
            </tr>
          </thead>
          <tbody>
            {ports.map(({ name, role, type, shape }) => (
              <tr key={`${role} ${name}`}>
                <th scope="row" className="mono">
                  {name}
                </th>
                <td>{role}</td>
                <td>{type}</td>
                <td className="mono">{shape.join(' × ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </details>
  );
}
