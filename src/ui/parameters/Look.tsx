// A tensor looked at: as a picture in which one can go near, in numbers, by its histogram and its singular values; and
// token embeddings as a map.

import { useEffect, useState } from 'react';
import type { Failure } from '../../core/errors.ts';
import { bytes, percent, quantity } from '../../state/format.ts';
import { planOf } from '../../state/parameters/plan.ts';
import { figure, shapeOf } from '../../state/parameters/sentences.ts';
import type { Opened, Part, Statistics } from '../../state/parameters/types.ts';
import { usePage } from '../app.ts';
import { HeatMap } from './HeatMap.tsx';
import { Histogram } from './Histogram.tsx';
import { Spectrum } from './Spectrum.tsx';
import { partOf, partTitle, TensorPicker } from './TensorPicker.tsx';
import { TokenMap } from './TokenMap.tsx';
import { useBench, useDials } from './useBench.ts';

export function Look({ model }: { model: Opened }) {
  const dials = useDials();
  const { go } = useBench();
  const part = partOf(model, dials.tensor);
  const unknown = dials.tensor !== '' && part.name !== dials.tensor;
  const state = useStatistics(model, part);
  const { rows, columns } = shapeOf(part);
  return (
    <>
      <div className="tensor-choice">
        <label htmlFor="tensor">Tensor</label>
        <TensorPicker
          id="tensor"
          model={model}
          value={part.name}
          onTensor={(tensor) => go('look', { tensor })}
        />
      </div>
      {unknown && (
        <p role="alert" className="problem">
          {model.name} has no parameter tensor called “{dials.tensor}”; its first one is shown.
        </p>
      )}
      <p>
        <span className="mono">{part.name}</span>: {partTitle(model, part)}
        {part.layer !== undefined && ` of layer ${part.layer}`}. {quantity(rows)} rows ×{' '}
        {quantity(columns)} columns = {quantity(part.count)} parameters, {bytes(4 * part.count)} as
        float32.
        {part.quantised && (
          <>
            {' '}
            <b className="tag">dequantised</b> The file holds {part.stored}; what is shown is what
            they stand for.
          </>
        )}
      </p>
      {state.failure && (
        <p role="alert" className="problem">
          {state.failure.message} {state.failure.remedy}
        </p>
      )}
      {!state.statistics && !state.failure && (
        <p role="status">
          {quantity(part.count)} numbers are being read.
          {part.count > 1e6 && <progress aria-label="The tensor is being read" />}
        </p>
      )}
      {state.statistics && (
        <>
          <HeatMap key={part.name} model={model} part={part} statistics={state.statistics} />
          <Numbers {...state.statistics} />
          <div className="two">
            <Histogram statistics={state.statistics} />
            <Spectrum key={part.name} part={part} />
          </div>
        </>
      )}
      {part.purpose === 'tokenEmbedding' && <TokenMap model={model} part={part} />}
    </>
  );
}

/** Of the tensor as it is turned. */
function useStatistics(model: Opened, part: Part) {
  const { ask, modelOf } = useBench();
  const looked = useDials().model;
  const plan = usePage(({ experiment }) => JSON.stringify(planOf(experiment, looked)));
  const [state, setState] = useState<{
    readonly of?: string;
    readonly statistics?: Statistics;
    readonly failure?: Failure;
  }>({});
  const of = `${model.name} ${part.name}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was turned is asked about anew
  useEffect(() => {
    let wanted = true;
    ask(modelOf(looked), { what: 'statistics', tensor: part.name }).then(
      (statistics) => wanted && setState({ of, statistics }),
      (failure: Failure) => wanted && setState({ of, failure }),
    );
    return () => {
      wanted = false;
    };
  }, [of, plan, looked]);
  return state.of === of ? state : {};
}

function Numbers({ mean, deviation, norm, min, max, zeros, tiny }: Statistics) {
  const rows = [
    ['Mean', figure(mean)],
    ['Standard deviation', figure(deviation)],
    ['Norm (Frobenius)', figure(norm)],
    ['Smallest', figure(min)],
    ['Largest', figure(max)],
    ['Exactly zero', percent(zeros, 1)],
    ['Below 1 % of the largest', percent(tiny, 1)],
  ] as const;
  return (
    <dl className="figures" aria-label="Statistics of the tensor">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt className="fine">{name}</dt>
          <dd className="num">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
