// The method, and in one line what it computes, with its settings in it.

import { isMethodId, methods, methodsOf } from '../../experiment/catalogue.ts';
import { formulaOf } from '../../state/formula.ts';
import { liveAlphas } from '../../state/live.ts';
import { useActions, usePage } from '../app.ts';
import { Tex } from '../parts/Tex.tsx';

export function MethodPicker() {
  const experiment = usePage((state) => state.experiment);
  const alphas = usePage(liveAlphas);
  const { setMethod } = useActions();
  const formula = formulaOf(experiment, alphas);
  return (
    <section>
      <label className="legend" htmlFor="method">
        Method
      </label>
      <select
        id="method"
        value={experiment.method}
        onChange={({ target }) => isMethodId(target.value) && setMethod(target.value)}
      >
        {methodsOf(experiment.mode).map((id) => (
          <option key={id} value={id}>
            {methods[id].title}
          </option>
        ))}
      </select>
      {formula !== undefined && (
        <div className="formula">
          <Tex tex={formula} block />
        </div>
      )}
    </section>
  );
}
