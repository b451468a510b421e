// Reading a link's pairs: each known key by its own rule, what cannot be read replaced and told in words.

import { checkParam, defaultsOf, type ParamsTable, type ParamValue } from '../core/params.ts';

export interface Pairs {
  has(key: string): boolean;
  /** The value, which is then read. */
  take(key: string): string | undefined;
  pick<T extends string>(
    key: string,
    ok: (value: string) => value is T,
    all: readonly string[],
    fallback: T,
  ): T;
  integer(
    key: string,
    range: { readonly min: number; readonly max: number },
    fallback: number,
  ): number;
  /** Text of at most `max` characters. */
  text(key: string, max: number, fallback: string): string;
  /** All knobs of a table; `prefix` stands before their keys. */
  knobs(table: ParamsTable, prefix?: string): Record<string, ParamValue>;
  tell(problem: string): void;
  /** Keys that nobody has read. */
  rest(): readonly string[];
}

/** @param problems one sentence is added for each thing that is ignored or replaced */
export function readPairs(text: string, problems: string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(text)) {
    if (pairs.has(key)) problems.push(`${shown(key)}: given twice; the first counts.`);
    else pairs.set(key, value);
  }
  return pairs;
}

export function reading(pairs: Map<string, string>, problems: string[]): Pairs {
  const take = (key: string): string | undefined => {
    const value = pairs.get(key);
    pairs.delete(key);
    return value;
  };
  return {
    has: (key) => pairs.has(key),
    take,
    tell: (problem) => void problems.push(problem),
    rest: () => [...pairs.keys()],
    pick(key, ok, all, fallback) {
      const value = take(key);
      if (value === undefined) return fallback;
      if (ok(value)) return value;
      problems.push(
        `${key}=${shown(value)}: expected one of ${all.join(', ')}; using ${fallback}.`,
      );
      return fallback;
    },
    integer(key, { min, max }, fallback) {
      const value = take(key);
      if (value === undefined) return fallback;
      const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      problems.push(
        `${key}=${shown(value)}: expected an integer in [${min}, ${max}]; using ${fallback}.`,
      );
      return fallback;
    },
    text(key, max, fallback) {
      const value = take(key);
      if (value === undefined) return fallback;
      if (value.length <= max) return value;
      problems.push(`${key}: ${value.length} characters, cut to the first ${max}.`);
      return value.slice(0, max);
    },
    knobs(table, prefix = '') {
      const defaults = defaultsOf(table);
      const params: Record<string, ParamValue> = {};
      for (const [key, spec] of Object.entries(table)) {
        const value = take(prefix + key);
        const fallback = defaults[key] as ParamValue;
        const checked = value === undefined ? undefined : checkParam(spec, value);
        params[key] = checked?.ok ? checked.value : fallback;
        if (checked && !checked.ok) {
          problems.push(
            `${prefix}${key}=${shown(value ?? '')}: ${checked.expected}; using ${fallback}.`,
          );
        }
      }
      return params;
    },
  };
}

export function oneOf<T extends string>(values: readonly T[]): (value: string) => value is T {
  return (value): value is T => (values as readonly string[]).includes(value);
}

/** Foreign text as it may be shown: short, and without control or direction-changing characters. */
export function shown(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '\u{fffd}');
  return clean.length > 60 ? `${clean.slice(0, 60)}…` : clean;
}
