import { isMethodId, methods } from '../../experiment/catalogue.ts';
import { useActions, usePage } from '../app.ts';

export function MethodPicker() {
  const method = usePage((state) => state.experiment.method);
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
        {Object.entries(methods).map(([id, { title }]) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
    </section>
  );
}
