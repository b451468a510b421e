// Where the parameters are: by kind and by type of number.

import type { ModelCard, ParameterKind } from '../../core/modelCard.ts';
import { bytes, parameterCount, percent } from '../../state/format.ts';
import { Scroller } from '../parts/Scroller.tsx';

const NAMES: Readonly<Record<ParameterKind, string>> = {
  embedding: 'Embedding',
  attention: 'Attention',
  mlp: 'MLP',
  norm: 'Norm',
  head: 'Head',
  other: 'Other',
};

export function Counted({ card }: { card: ModelCard }) {
  const { counted, parameters } = card;
  return (
    <section aria-labelledby="counted-title">
      <h3 id="counted-title">Parameters</h3>
      <Scroller label="Parameters by kind">
        <table>
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col">Numbers</th>
              <th scope="col" className="right">
                Count
              </th>
              <th scope="col">
                <span className="unseen">Share</span>
              </th>
              <th scope="col" className="right">
                Size
              </th>
            </tr>
          </thead>
          <tbody>
            {counted.map(({ kind, type, numbers, bytes: size }) => (
              <tr key={`${kind} ${type}`}>
                <th scope="row">{NAMES[kind]}</th>
                <td>{type}</td>
                <td className="number">{parameterCount(numbers)}</td>
                <td className="share">
                  <meter
                    min={0}
                    max={1}
                    value={parameters === 0 ? 0 : numbers / parameters}
                    aria-label={`${NAMES[kind]}: ${percent(parameters === 0 ? 0 : numbers / parameters)}`}
                  />
                </td>
                <td className="number">{bytes(size)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}
