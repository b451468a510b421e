import { isMethodId, methods, methodsOf } from '../../experiment/catalogue.ts';
import { useActions, usePage } from '../app.ts';

export function MethodPicker() {
  const method = usePage((state) => state.experiment.method);
  const mode = usePage((state) => state.experiment.mode);
  const { setMethod } = useActions();
  return (
    <section>
      <label className="legend" htmlFor="method">
        Method
      </label>
      <select
        id="method"
        value={method}
        onChange={({ target }) => isMethodId(target.value) && setMethod(target.value)}
      >
        {methodsOf(mode).map((id) => (
          <option key={id} value={id}>
            {methods[id].title}
          </option>
        ))}
      </select>
    </section>
  );
}
