// The pairs of a link that are compared: an evaluation's contenders, a sweep's axes.
//   contenders=2&c1.method=bild&c1.fallbackThreshold=0.6&...&c2.method=sample&c2.label=hot&...
//   x=fallbackThreshold&x.values=0.5+0.7+0.9&y=rollbackThreshold&y.values=1+3+8&seeds=1
// A link that names a method and no contenders means that one method, as it did before there were several.

import { checkParam, type ParamsTable, type ParamValue } from '../core/params.ts';
import { type Axis, MOST_VALUES } from './axis.ts';
import { methods, methodsOf } from './catalogue.ts';
import { type Contender, type DecodingId, LIMITS, type Sweep, usualSweep } from './experiment.ts';
import { oneOf, type Pairs, shown } from './pairs.ts';

const NO_AXIS = 'none';

export function writeContenders(contenders: readonly Contender[], pairs: URLSearchParams): void {
  pairs.set('contenders', String(contenders.length));
  contenders.forEach(({ label, method, params }, i) => {
    const prefix = `c${i + 1}.`;
    pairs.set(`${prefix}method`, method);
    if (label !== '') pairs.set(`${prefix}label`, label);
    for (const [key, value] of Object.entries(params)) pairs.set(prefix + key, String(value));
  });
}

export function readContenders(pairs: Pairs): readonly Contender[] | undefined {
  const { max } = LIMITS.contenders;
  if (!pairs.has('contenders')) return undefined;
  let named = 0;
  while (named < max && pairs.has(`c${named + 1}.method`)) named++;
  return Array.from(
    { length: pairs.integer('contenders', { min: 0, max }, named) },
    (_, i): Contender => {
      const prefix = `c${i + 1}.`;
      const method = pairs.pick(`${prefix}method`, oneOf(decoding), decoding, decoding[0]!);
      return {
        method,
        label: pairs.text(`${prefix}label`, LIMITS.label.max, ''),
        params: pairs.knobs(methods[method].params, prefix),
      };
    },
  );
}

/** A link without contenders: its method, unless that is one of the two that answer alone. */
export const theOne = (method: DecodingId, params: Contender['params']): readonly Contender[] =>
  method === 'greedy' ? [] : [{ label: '', method, params }];

export function writeSweep({ x, y, seeds }: Sweep, pairs: URLSearchParams): void {
  pairs.set('x', x.key);
  pairs.set('x.values', x.values.join(' '));
  pairs.set('y', y?.key ?? NO_AXIS);
  if (y) pairs.set('y.values', y.values.join(' '));
  pairs.set('seeds', String(seeds));
}

export function readSweep(method: DecodingId, pairs: Pairs): Sweep {
  const usual = usualSweep(method);
  const table = methods[method].params;
  const keys = Object.keys(table);
  const known = oneOf(keys);
  const xKey = pairs.pick('x', known, keys, usual.x.key);
  const x = readAxis('x', xKey, table, usual, pairs);
  const yKeys = [NO_AXIS, ...keys.filter((key) => key !== xKey)];
  const usualY = usual.y && usual.y.key !== xKey ? usual.y.key : NO_AXIS;
  const yKey = pairs.pick('y', oneOf(yKeys), yKeys, usualY);
  const seeds = pairs.integer('seeds', LIMITS.seeds, usual.seeds);
  if (yKey === NO_AXIS) {
    pairs.take('y.values');
    return { x, seeds };
  }
  return { x, y: readAxis('y', yKey, table, usual, pairs), seeds };
}

function readAxis(
  name: 'x' | 'y',
  key: string,
  table: ParamsTable,
  usual: Sweep,
  pairs: Pairs,
): Axis {
  const spec = table[key]!;
  const written = pairs.take(`${name}.values`);
  const own = [usual.x, usual.y].find((axis) => axis?.key === key)?.values ?? [spec.default];
  if (written === undefined) return { key, values: own };
  const values: ParamValue[] = [];
  for (const word of written.split(' ').filter((part) => part !== '')) {
    const checked = checkParam(spec, word);
    if (!checked.ok) pairs.tell(`${name}.values=${shown(word)}: ${checked.expected}; left out.`);
    else if (!values.includes(checked.value)) values.push(checked.value);
  }
  if (values.length > MOST_VALUES) {
    pairs.tell(`${name}.values: ${values.length} values, cut to the first ${MOST_VALUES}.`);
  }
  if (values.length === 0) pairs.tell(`${name}.values: no value; using ${own.join(' ')}.`);
  return { key, values: values.length > 0 ? values.slice(0, MOST_VALUES) : own };
}

const decoding = methodsOf('evaluate') as readonly DecodingId[];
