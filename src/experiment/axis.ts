// Values of a knob over which a sweep runs: as somebody types them ("0.5, 0.7, 0.9" or "0.5 to 0.9 by 0.1"), and what
// to begin with.

import { checkParam, type ParamSpec, type ParamsTable, type ParamValue } from '../core/params.ts';

export interface Axis {
  /** A knob of the method. */
  readonly key: string;
  /** Distinct, in the order in which they are drawn. */
  readonly values: readonly ParamValue[];
}

/** Most values on one axis. */
export const MOST_VALUES = 12;
/** How many a range has that names no step. */
const USUAL = 5;

export type Read =
  | { readonly ok: true; readonly values: readonly ParamValue[] }
  /** What is wrong, as a sentence. */
  | { readonly ok: false; readonly problem: string };

const RANGE = /^(\S+)\s*(?:to|\.\.|…|–)\s*(\S+?)(?:\s+by\s+(\S+))?$/;

/** Reads a list of values and ranges, separated by commas or semicolons; blanks alone separate values too. */
export function readValues(text: string, spec: ParamSpec): Read {
  const values: ParamValue[] = [];
  for (const item of text.split(/[,;]/).map((part) => part.trim())) {
    if (item === '') continue;
    const range = spec.kind === 'choice' ? null : RANGE.exec(item);
    const read = range
      ? rangeOf(range.slice(1), spec as Exclude<ParamSpec, { kind: 'choice' }>)
      : listOf(item.split(/\s+/), spec);
    if (!read.ok) return read;
    for (const value of read.values) if (!values.includes(value)) values.push(value);
  }
  if (values.length === 0)
    return { ok: false, problem: `No value yet: type some, such as ${example(spec)}` };
  if (values.length <= MOST_VALUES) return { ok: true, values };
  return { ok: false, problem: `${values.length} values; at most ${MOST_VALUES} are run.` };
}

function listOf(words: readonly string[], spec: ParamSpec): Read {
  const values: ParamValue[] = [];
  for (const word of words) {
    const checked = checkParam(spec, word);
    if (!checked.ok) return { ok: false, problem: `${word.slice(0, 20)}: ${checked.expected}.` };
    values.push(checked.value);
  }
  return { ok: true, values };
}

function rangeOf(
  words: readonly (string | undefined)[],
  spec: Exclude<ParamSpec, { kind: 'choice' }>,
): Read {
  const ends = listOf([words[0]!, words[1]!], spec);
  if (!ends.ok) return ends;
  const [from, to] = ends.values as readonly [number, number];
  if (from >= to) return { ok: false, problem: `${from} to ${to}: expected the lower end first.` };
  const step = words[2] === undefined ? (to - from) / (USUAL - 1) : Number(words[2]);
  if (!(step > 0)) return { ok: false, problem: `by ${words[2]}: expected a number above 0.` };
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  if (count > MOST_VALUES) {
    return {
      ok: false,
      problem: `${count} values by ${round(step)}; at most ${MOST_VALUES} are run.`,
    };
  }
  const values = Array.from({ length: count }, (_, i) => round(from + i * step));
  const whole = spec.kind === 'integer' ? values.map(Math.round) : values;
  return { ok: true, values: [...new Set(whole)] };
}

/** 0.1 + 2 x 0.1 is 0.3. */
const round = (value: number): number => Number(value.toPrecision(12));

const example = (spec: ParamSpec): string =>
  spec.kind === 'choice'
    ? `${spec.options.map(({ value }) => value).join(', ')}.`
    : `${spec.min}, ${spec.max} or ${spec.min} to ${spec.max} by ${spec.step}.`;

export const writeValues = (values: readonly ParamValue[]): string => values.join(', ');

/** Some values of a knob that show what it does: every choice, or `count` numbers over its range. */
export function spread(spec: ParamSpec, count = 4): readonly ParamValue[] {
  if (spec.kind === 'choice') return spec.options.map(({ value }) => value).slice(0, MOST_VALUES);
  const { min, max, step } = spec;
  const on = (value: number) => round(Math.round((value - min) / step) * step + min);
  const values = Array.from({ length: count }, (_, i) =>
    Math.min(max, on(min + (i * (max - min)) / (count - 1))),
  );
  return [...new Set(values)];
}

/** The knobs of a table that a sweep may begin with: two numbers that are not folded away, else whatever there is. */
export function usualAxes(table: ParamsTable): readonly Axis[] {
  const all = Object.entries(table);
  const plain = all.filter(([, { kind, advanced }]) => kind !== 'choice' && !advanced);
  return (plain.length > 0 ? plain : all)
    .slice(0, 2)
    .map(([key, spec]) => ({ key, values: spread(spec) }));
}
