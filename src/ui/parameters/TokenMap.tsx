// Token embeddings as a map: the two directions in which they differ most. Near tokens are used alike; which are
// nearest is measured in all directions, not on the map.

import { useEffect, useState } from 'react';
import { CartesianGrid, Scatter, ScatterChart, Tooltip, XAxis, YAxis } from 'recharts';
import type { Failure } from '../../core/errors.ts';
import { percent, visible } from '../../state/format.ts';
import type { Opened, Part } from '../../state/parameters/types.ts';
import { AXIS, box, GRID, MARGIN } from '../charts/axes.tsx';
import { Figure } from '../charts/Figure.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import { useBench, useDials } from './useBench.ts';

interface Point {
  readonly token: number;
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

interface Near {
  readonly token: number;
  readonly text: string;
  readonly cosine: number;
}

export function TokenMap({ model, part }: { model: Opened; part: Part }) {
  const { ask, modelOf } = useBench();
  const looked = useDials().model;
  const [points, setPoints] = useState<readonly Point[]>([]);
  const [explained, setExplained] = useState<readonly number[]>([]);
  const [failure, setFailure] = useState<Failure>();
  const [token, setToken] = useState(() => Math.max(0, model.tokens.indexOf('1')));
  const [near, setNear] = useState<readonly Near[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once for a tensor
  useEffect(() => {
    let wanted = true;
    ask(modelOf(looked), { what: 'map' }).then(
      (map) => {
        if (!wanted) return;
        setExplained(map.explained);
        setPoints(
          Array.from(map.x, (x, i) => ({
            token: i,
            text: model.tokens[i] ?? `${i}`,
            x,
            y: map.y[i]!,
          })),
        );
      },
      (reason: Failure) => wanted && setFailure(reason),
    );
    return () => {
      wanted = false;
    };
  }, [part.name, looked]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once for a token
  useEffect(() => {
    let wanted = true;
    ask(modelOf(looked), { what: 'neighbours', token }).then(
      (told) => wanted && setNear(told.near),
      (reason: Failure) => wanted && setFailure(reason),
    );
    return () => {
      wanted = false;
    };
  }, [part.name, looked, token]);
  const nearest = new Set(near.slice(0, 6).map((one) => one.token));
  const share = explained.reduce((sum, one) => sum + one, 0);
  return (
    <section aria-label="Map of the token embeddings" className="token-map">
      {failure && (
        <p role="alert" className="problem">
          {failure.message} {failure.remedy}
        </p>
      )}
      <Figure
        title="Tokens on a map"
        about={`The first two principal components${share > 0 ? `, which hold ${percent(share)} of the variance` : ''}. A click on a token shows its nearest.`}
        height={320}
        rows={points}
        columns={[
          { title: 'Token', of: (point) => visible(point.text) },
          { title: 'Id', of: (point) => point.token },
          { title: 'First component', of: (point) => point.x.toFixed(3) },
          { title: 'Second component', of: (point) => point.y.toFixed(3) },
        ]}
        empty="The map is being drawn."
      >
        <ScatterChart margin={MARGIN}>
          <CartesianGrid {...GRID} />
          <XAxis {...AXIS} dataKey="x" type="number" tickFormatter={(x: number) => x.toFixed(1)} />
          <YAxis
            {...AXIS}
            dataKey="y"
            type="number"
            width={46}
            tickFormatter={(x: number) => x.toFixed(1)}
          />
          <Tooltip
            isAnimationActive={false}
            cursor={false}
            content={box<Point>((point) => (
              <>
                <b className="mono">{visible(point.text)}</b> token {point.token}
              </>
            ))}
          />
          <Scatter
            data={points as Point[]}
            isAnimationActive={false}
            onClick={(point: { payload?: Point }) => point.payload && setToken(point.payload.token)}
            shape={({
              cx = 0,
              cy = 0,
              payload,
            }: {
              cx?: number | undefined;
              cy?: number | undefined;
              payload?: Point | undefined;
            }) => {
              const own = payload?.token === token;
              const close = payload !== undefined && nearest.has(payload.token);
              return (
                <text
                  x={cx}
                  y={cy + 4}
                  textAnchor="middle"
                  className={`map-token ${own ? 'own' : close ? 'close' : ''}`}
                >
                  {visible(payload?.text ?? '').slice(0, 8)}
                </text>
              );
            }}
          />
        </ScatterChart>
      </Figure>
      <div>
        <label className="inline">
          Nearest to{' '}
          <select value={token} onChange={({ target }) => setToken(Number(target.value))}>
            {model.tokens.map((text, id) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a token's id is its index
              <option key={id} value={id}>
                {visible(text)} ({id})
              </option>
            ))}
          </select>
        </label>
        <Scroller label="Nearest tokens">
          <table>
            <thead>
              <tr>
                <th scope="col">Token</th>
                <th scope="col" className="right">
                  Id
                </th>
                <th scope="col" className="right">
                  Cosine
                </th>
              </tr>
            </thead>
            <tbody>
              {near.map((one) => (
                <tr key={one.token}>
                  <th scope="row" className="mono">
                    {visible(one.text)}
                  </th>
                  <td className="number">{one.token}</td>
                  <td className="number">{one.cosine.toFixed(3)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      </div>
    </section>
  );
}
