// What all schemas of events are made of: numbers as JSON can hold them, counts, texts, and one schema per event.

import * as v from 'valibot';

export type Schemas<E extends { readonly type: string }> = {
  readonly [T in E['type']]: v.GenericSchema<unknown, Extract<E, { readonly type: T }>>;
};

/** JSON has no words for these, and a loss may well come to one of them. */
const WORDS = ['NaN', 'Infinity', '-Infinity'] as const;
export const real = v.union([v.number(), v.pipe(v.picklist(WORDS), v.transform(Number))]);
/** For JSON.stringify: numbers that it would make null of. */
export const wordForNumber = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const text = v.string();
export const reals = v.array(real);
