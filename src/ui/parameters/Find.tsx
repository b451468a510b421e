// Which parameters matter for this prompt: gradient times value, by tensor, head, neuron and single weight. A click
// takes one to the dial.

import { useEffect, useState } from 'react';
import { duration, visible } from '../../state/format.ts';
import { findKey } from '../../state/parameters/plan.ts';
import { figure, targetName } from '../../state/parameters/sentences.ts';
import type { Found, Opened, Ranked, RankedWeight } from '../../state/parameters/types.ts';
import { usePage } from '../app.ts';
import { Scroller } from '../parts/Scroller.tsx';
import { Tex } from '../parts/Tex.tsx';
import { useBench, useBenchState } from './useBench.ts';

const GROUPS = [
  { key: 'tensors', title: 'Tensors' },
  { key: 'heads', title: 'Heads' },
  { key: 'neurons', title: 'Neurons' },
  { key: 'weights', title: 'Single weights' },
] as const;
type Group = (typeof GROUPS)[number]['key'];

/** Smaller models are looked through without being asked. */
const AT_ONCE = 2e7;

export function Find({ model }: { model: Opened }) {
  const { find } = useBench();
  const found = useBenchState((state) => state.found);
  const finding = useBenchState((state) => state.finding);
  const failure = useBenchState((state) => state.findFailure);
  const next = useBenchState((state) => state.next);
  const key = usePage(({ experiment }) => findKey(experiment));
  const prompt = usePage((state) => state.experiment.prompt);
  const [token, setToken] = useState<number>();
  const { closed } = model.anatomy;
  const current = found?.key === key && (token === undefined || found.token === token);
  const small = model.anatomy.parameters <= AT_ONCE;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once for what it depends on
  useEffect(() => {
    if (!closed && small && !finding && !current) void find(token);
  }, [key, token, finding]);
  if (closed) {
    return (
      <section className="card" role="alert">
        <h2>{closed.message}</h2>
        <p>{closed.remedy}</p>
      </section>
    );
  }
  return (
    <>
      <p>
        How much would the logit <Tex tex="z" /> of the next token change if a parameter{' '}
        <Tex tex="w" /> were gone? To first order by <Tex tex="-w\,\frac{\partial z}{\partial w}" />
        , and for a group by the sum over it. One pass forward and one back through the model give
        all of them.
      </p>
      <div className="inline">
        <label htmlFor="find-token">Next token</label>
        <select
          id="find-token"
          value={token ?? ''}
          onChange={({ target }) =>
            setToken(target.value === '' ? undefined : Number(target.value))
          }
        >
          <option value="">the most probable one</option>
          {next?.top.map((one) => (
            <option key={one.token} value={one.token}>
              {visible(one.text)} ({one.token})
            </option>
          ))}
        </select>
        <span className="fine">
          after <q className="mono">{visible(prompt)}</q>
        </span>
        <button
          type="button"
          className="button"
          disabled={finding}
          onClick={() => void find(token)}
        >
          {finding ? 'Differentiating' : 'Find'}
        </button>
      </div>
      {failure && (
        <p role="alert" className="problem">
          {failure.message} {failure.remedy}
        </p>
      )}
      {found ? (
        <Results found={found} stale={!current} />
      ) : (
        finding && <p role="status">The model is differentiated.</p>
      )}
    </>
  );
}

function Results({ found, stale }: { found: Found; stale: boolean }) {
  const [group, setGroup] = useState<Group>('heads');
  const rows: readonly Ranked[] = found[group];
  const most = Math.max(...rows.map(({ score }) => Math.abs(score)), 1e-12);
  const { choose } = useBench();
  const single = group === 'weights';
  return (
    <section aria-labelledby="ranking" aria-busy={stale}>
      <div className="panel-head">
        <h2 id="ranking">
          What speaks for <span className="mono">{visible(found.text)}</span>
        </h2>
        <div className="segments" role="radiogroup" aria-label="Ranked by">
          {GROUPS.map(({ key, title }) => (
            <label key={key}>
              <input
                type="radio"
                name="ranked"
                checked={group === key}
                onChange={() => setGroup(key)}
              />
              {title}
            </label>
          ))}
        </div>
      </div>
      <p className="fine num">
        Its logit is {figure(found.logit)}; found in {duration(found.ms)}. Above zero: the logit
        falls when it is taken away. {stale && 'A dial has moved since.'}
      </p>
      {rows.length === 0 ? (
        <p className="fine">
          How this model is divided into them could not be told from its files.
        </p>
      ) : (
        <Scroller label={`Ranking by gradient times value: ${group}`}>
          <table className="ranking">
            <thead>
              <tr>
                <th scope="col">{GROUPS.find(({ key }) => key === group)?.title}</th>
                <th scope="col" className="right">
                  Gradient × value
                </th>
                {single ? (
                  <>
                    <th scope="col" className="right">
                      Value
                    </th>
                    <th scope="col" className="right">
                      Gradient
                    </th>
                  </>
                ) : (
                  <th scope="col" className="right">
                    Sum of magnitudes
                  </th>
                )}
                <td />
                <td />
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const name = targetName(row.target);
                return (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td className="number">{figure(row.score)}</td>
                    {single ? (
                      <>
                        <td className="number">{figure((row as RankedWeight).value)}</td>
                        <td className="number">{figure((row as RankedWeight).gradient)}</td>
                      </>
                    ) : (
                      <td className="number">{figure(row.magnitude)}</td>
                    )}
                    <td className="swing" aria-hidden="true">
                      <span
                        className={row.score < 0 ? 'against' : 'for'}
                        style={{ width: `${(50 * Math.abs(row.score)) / most}%` }}
                      />
                    </td>
                    <td>
                      <button
                        type="button"
                        className="button quiet"
                        aria-label={`Turn ${name}`}
                        onClick={() => choose(row.target)}
                      >
                        Turn
                      </button>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scroller>
      )}
      <p className="fine">
        The Taylor criterion of{' '}
        <a href="https://arxiv.org/abs/1611.06440" target="_blank" rel="noreferrer">
          Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient Inference,
          ICLR 2017
        </a>
        , with its sign; for heads,{' '}
        <a href="https://arxiv.org/abs/1905.10650" target="_blank" rel="noreferrer">
          Michel et al., Are Sixteen Heads Really Better than One?, NeurIPS 2019
        </a>
        . First order only: to see what really happens, turn it.
      </p>
    </section>
  );
}
