// The ONNX graph in figures: who wrote it, its operators, and what its inputs and outputs are taken for.

import type { ModelCard } from '../../core/modelCard.ts';
import { plural, quantity } from '../../state/format.ts';
import { isUnclear, Ports } from './Ports.tsx';

/** Most frequent operators that are shown; the rest is counted. */
const SHOWN = 16;

export function Graph({ id, card }: { id: string; card: ModelCard }) {
  const { producer, ir, opsets, nodes, operators } = card.graph;
  const sets = Object.entries(opsets).map(([domain, version]) => `${domain || 'ONNX'} ${version}`);
  const more = operators.length - SHOWN;
  return (
    <details open={isUnclear(card)}>
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
      <Ports id={id} card={card} />
    </details>
  );
}
