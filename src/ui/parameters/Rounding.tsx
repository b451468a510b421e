// The whole model at fewer bits: its size, and what that does to the next token and to the answers.

import { BITS } from '../../core/dials.ts';
import { bytes, percent } from '../../state/format.ts';
import { nats } from '../../state/parameters/sentences.ts';
import type { Opened } from '../../state/parameters/types.ts';
import { usePage } from '../app.ts';
import { Scroller } from '../parts/Scroller.tsx';
import { useBench, useBenchState, useDials } from './useBench.ts';

export function Rounding({ model }: { model: Opened }) {
  const dials = useDials();
  const { setDials, measureRounding, stopRounding } = useBench();
  const measured = useBenchState((state) => state.rounding);
  const measuring = useBenchState((state) => state.measuring);
  const id = usePage(({ experiment }) => experiment[experiment.dials.model]);
  const key = dials.model === 'small' ? 'smallBits' : 'largeBits';
  return (
    <section aria-labelledby="rounding">
      <h2 id="rounding">Round the whole model</h2>
      <p className="fine">
        Every matrix to so many bits, to nearest, with a float32 scale for every 32 numbers in a
        row; biases and norms stay. Edits are made on top.
      </p>
      <Scroller label="The model at fewer bits: size, distribution and accuracy">
        <table>
          <thead>
            <tr>
              <th scope="col">Bits per weight</th>
              <th scope="col" className="right">
                Size
              </th>
              <th scope="col" className="right">
                KL from untouched
              </th>
              <th scope="col" className="right">
                Right answers
              </th>
            </tr>
          </thead>
          <tbody>
            {BITS.map((bits) => {
              const found = measured[`${id} ${bits}`];
              return (
                <tr key={bits}>
                  <th scope="row">
                    <label className="bits">
                      <input
                        type="radio"
                        name="bits"
                        checked={dials[key] === bits}
                        onChange={() => setDials({ [key]: bits })}
                      />
                      {bits}
                      {bits === 32 && ' (as it came)'}
                    </label>
                  </th>
                  <td className="number">
                    {bytes(model.bytes[bits])}, {percent(model.bytes[bits] / model.bytes[32])}
                  </td>
                  <td className="number">{found ? nats(found.divergence) : '–'}</td>
                  <td className="number">
                    {found ? `${percent(found.rate)} of ${found.of}` : '–'}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroller>
      <p>
        <button
          type="button"
          className="button"
          onClick={() => (measuring ? stopRounding() : void measureRounding())}
        >
          {measuring ? 'Stop measuring' : 'Measure all of them'}
        </button>
      </p>
    </section>
  );
}
