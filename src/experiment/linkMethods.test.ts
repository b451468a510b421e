// A link for every method: whatever is set survives it.
import { describe, expect, test } from 'vitest';
import { defaultsOf } from '../core/params.ts';
import { methods, methodsOf, modes } from './catalogue.ts';
import { defaultExperiment, type Experiment, type MethodId } from './experiment.ts';
import { decode, encode } from './link.ts';

describe.each(Object.keys(methods) as MethodId[])('%s', (method) => {
  const mode = modes.find((one) => methodsOf(one).includes(method)) ?? 'generate';
  const table = methods[method].params;
  const defaults = defaultsOf(table);
  const changed = Object.entries(table).map(([key, spec]) => {
    const other =
      spec.kind === 'choice'
        ? spec.options.find(({ value }) => value !== spec.default)?.value
        : [spec.max, spec.min].find((value) => value !== spec.default);
    return [key, other ?? spec.default] as const;
  });
  const survives = (params: Experiment['params']) => {
    const { experiment, problems } = decode(encode({ ...defaultExperiment, mode, method, params }));
    expect(problems).toEqual([]);
    expect(experiment).toMatchObject({ mode, method, params });
  };

  test('its defaults survive, each setting that is changed, and all of them at once', () => {
    survives(defaults);
    for (const [key, value] of changed) survives({ ...defaults, [key]: value });
    survives(Object.fromEntries(changed));
  });
});
