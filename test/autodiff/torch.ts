// Matching our parameters with torch's: torch's exporter renames and transposes weights, so values decide.

import type { Parameter } from '../../src/onnx/parameters.ts';
import { float32Of } from '../../src/onnx/tensor.ts';
import type { Fixture } from './fixture.ts';
import { type Feeds, type Results, relativeError, type Value } from './values.ts';

export function weightFeeds(parameters: readonly Parameter[]): Feeds {
  return Object.fromEntries(
    parameters.map(({ name, dims, tensor }) => [name, { dims, data: float32Of(tensor) }]),
  );
}

/** Any value's elements as numbers. */
export const values = ({ data }: Value): number[] => Array.from(data, Number);

function transposedValues({ dims, data }: Value): number[] {
  const [rows = 0, columns = 0] = dims;
  return Array.from({ length: rows * columns }, (_, i) =>
    Number(data[(i % rows) * columns + Math.floor(i / rows)]),
  );
}

const equal = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  a.length === b.length && Array.from(a).every((x, i) => x === b[i]);

/** Names of torch's parameters with this value, and whether torch's is the transpose. Several: equal values. */
function candidates(fixture: Fixture, parameter: Parameter) {
  const ours = float32Of(parameter.tensor);
  return Object.entries(fixture.params).flatMap(([name, value]) => {
    const sameDims = String(value.dims) === String(parameter.dims);
    if (sameDims && equal(ours, values(value))) return [{ name, transposed: false }];
    if (value.dims.length === 2 && equal(ours, transposedValues(value)))
      return [{ name, transposed: true }];
    return [];
  });
}

/**
 * Largest relative error of any parameter's gradient against torch. Every torch parameter must be matched by
 * exactly one of ours: by name where the values of several agree.
 */
export function worstGradient(
  fixture: Fixture,
  parameters: readonly Parameter[],
  results: Results,
): number {
  const matched = new Set<string>();
  let worst = 0;
  for (const parameter of parameters) {
    const found = candidates(fixture, parameter);
    const hit = found.length === 1 ? found[0] : found.find(({ name }) => name === parameter.name);
    if (hit === undefined) throw new Error(`no torch parameter for '${parameter.name}'`);
    if (matched.has(hit.name)) throw new Error(`two parameters for torch's '${hit.name}'`);
    matched.add(hit.name);
    const gradient = fixture.grads[hit.name]!;
    const expected = hit.transposed ? transposedValues(gradient) : values(gradient);
    const error = relativeError(results[`grad.${parameter.name}`]!.data, expected);
    if (!(error <= worst)) worst = error;
  }
  const missing = Object.keys(fixture.params).filter((name) => !matched.has(name));
  if (missing.length > 0) throw new Error(`no parameter for torch's ${missing.join(', ')}`);
  return worst;
}
