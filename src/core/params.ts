// A knob is declared once: its symbol in the paper, its meaning, range and default. Controls, link,
// validation and documentation are all functions of this table.

interface SpecBase {
  /** Name shown beside the control. */
  readonly label: string;
  /** The paper's symbol as TeX, for instance `\\alpha_{FB}`. */
  readonly symbol?: string;
  /** One sentence: what turning it does. */
  readonly meaning: string;
  /** Few need to turn it: it is shown folded away. */
  readonly advanced?: true;
  /** Of use only while another knob, a choice, has this value; else it is not shown. */
  readonly when?: { readonly knob: string; readonly is: string };
}
export interface NumberSpec extends SpecBase {
  readonly kind: 'number' | 'integer';
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly default: number;
}
export interface ChoiceSpec<T extends string = string> extends SpecBase {
  readonly kind: 'choice';
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly default: T;
}
export type ParamSpec = NumberSpec | ChoiceSpec;
export type ParamsTable = Readonly<Record<string, ParamSpec>>;
export type ParamValue = number | string;

/** The values that a table describes: numbers for numbers, the union of options for choices. */
export type ParamsOf<T extends ParamsTable> = {
  readonly [K in keyof T]: T[K] extends ChoiceSpec<infer V> ? V : number;
};

/** Keeps literal types of a table while checking its shape. */
export function defineParams<const T extends ParamsTable>(table: T): T {
  return table;
}

export function defaultsOf<T extends ParamsTable>(table: T): ParamsOf<T> {
  const entries = Object.entries(table).map(([key, spec]) => [key, spec.default]);
  return Object.fromEntries(entries) as ParamsOf<T>;
}

export type Checked<T> = { ok: true; value: T } | { ok: false; expected: string };

/** Is `value` (already of the right primitive type, or text) allowed by `spec`? */
export function checkParam(spec: ParamSpec, value: unknown): Checked<ParamValue> {
  if (spec.kind === 'choice') {
    const values = spec.options.map((option) => option.value);
    return typeof value === 'string' && values.includes(value)
      ? { ok: true, value }
      : { ok: false, expected: `expected one of ${values.join(', ')}` };
  }
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  const range = `[${spec.min}, ${spec.max}]`;
  const expected = `expected ${spec.kind === 'integer' ? 'an integer' : 'a number'} in ${range}`;
  if (typeof number !== 'number' || !Number.isFinite(number)) return { ok: false, expected };
  if (spec.kind === 'integer' && !Number.isInteger(number)) return { ok: false, expected };
  if (number < spec.min || number > spec.max) return { ok: false, expected };
  return { ok: true, value: number };
}
