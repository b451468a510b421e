// Which input is which. Names follow a pattern (`past_key_values.N.key`), but which of them exist, how many
// layers have a cache and what shape it has is read from the model, never assumed.

import type { InferenceSession } from 'onnxruntime-web';
import { UserError } from '../core/errors.ts';
import { FLOAT_LOGITS } from './floatLogits.ts';

export type IdType = 'int64' | 'int32';
export type FloatType = 'float32' | 'float16';

export interface IdInput {
  readonly name: string;
  readonly type: IdType;
}

/** Keys or values of one layer, or both: what goes in as `past` comes out longer as `present`. */
export interface CacheSlot {
  readonly past: string;
  readonly present: string;
  /** Shape [batch, heads, positions, width], or laid out like one of that shape. */
  readonly heads: number;
  readonly width: number;
  readonly type: FloatType;
  /** Where the shape is another: its axes. */
  readonly axes?: readonly Axis[];
  /** Keys and values stand side by side in front of the batch. */
  readonly pair?: true;
}
/** A fixed size, or what makes it. */
export type Axis = number | 'batch' | 'positions';

/** The shape of a slot's tensor. */
export const slotShape = (
  { heads, width, axes }: Pick<CacheSlot, 'heads' | 'width' | 'axes'>,
  batch: number,
  positions: number,
): number[] =>
  axes?.map((axis) => (axis === 'batch' ? batch : axis === 'positions' ? positions : axis)) ?? [
    batch,
    heads,
    positions,
    width,
  ];

/** Bytes of a token in a slot. */
export const slotBytes = ({
  heads,
  width,
  type,
  pair,
}: Pick<CacheSlot, 'heads' | 'width' | 'type' | 'pair'>): number =>
  (pair ? 2 : 1) * bytesOf(type) * heads * width;

export interface Signature {
  readonly inputIds: IdInput;
  readonly attentionMask: IdInput | undefined;
  readonly positionIds: IdInput | undefined;
  /** Empty for a model that remembers nothing: it reads everything again at every pass. */
  readonly caches: readonly CacheSlot[];
  /** Name of the output [batch, positions, rows of the head]. */
  readonly logits: string;
}

type Value = InferenceSession.ValueMetadata;
type TensorValue = Extract<Value, { isTensor: true }>;

const WITH_CACHE =
  'Export it as a decoder with cache, for instance with optimum: --task text-generation-with-past.';
const PAST = /^past_key_values\.(\d+)\.(key|value|both)$/;

/**
 * @param name of the checkpoint, for error texts
 * @throws UserError 'checkpoint' naming what is missing or not understood
 */
export function detectSignature(
  name: string,
  inputs: readonly Value[],
  outputs: readonly Value[],
): Signature {
  const rest = new Map(inputs.map((value) => [value.name, value]));
  const listed = (values: readonly Value[]) => values.map((value) => value.name).join(', ');
  const fail = (found: string, remedy = WITH_CACHE): never => {
    throw new UserError('checkpoint', `${name}: ${found}`, remedy);
  };

  const take = (key: string): IdInput | undefined => {
    const value = rest.get(key);
    if (!value) return undefined;
    rest.delete(key);
    const type = value.isTensor ? value.type : 'not a tensor';
    if (type === 'int64' || type === 'int32') return { name: key, type };
    return fail(`the input ${key} is ${type}; expected int64 or int32.`);
  };
  const inputIds =
    take('input_ids') ??
    fail(`the model has no input input_ids; it has ${listed(inputs) || 'none'}.`);
  const attentionMask = take('attention_mask');
  const positionIds = take('position_ids');

  const produced = new Map(outputs.map((value) => [value.name, value]));
  const caches: CacheSlot[] = [];
  for (const value of inputs) {
    const match = PAST.exec(value.name);
    if (!match) continue;
    rest.delete(value.name);
    const present = `present.${match[1]}.${match[2]}`;
    const output = produced.get(present);
    if (!output) fail(`${value.name} goes in, but no output ${present} comes out.`);
    const shape = cacheShape(value, fail);
    const { type } = shape;
    if (output && floats(output, fail).type !== type) {
      fail(`${value.name} is ${type}, but ${present} is not.`);
    }
    caches.push({ past: value.name, present, ...shape });
  }
  if (rest.size > 0) {
    const names = [...rest.keys()].join(', ');
    const plural = rest.size === 1 ? 'an input that is' : 'inputs that are';
    fail(`the model has ${plural} not understood: ${names}.`);
  }
  const logits = produced.get(FLOAT_LOGITS) ?? produced.get('logits');
  if (!logits) return fail(`the model has no output logits; it has ${listed(outputs)}.`);
  const { shape, type } = floats(logits, fail);
  if (shape.length !== 3) {
    fail('the output logits should have the shape [batch, positions, vocabulary].');
  }
  if (type !== 'float32') fail('the output logits is float16 and was not made float32.');
  return { inputIds, attentionMask, positionIds, caches, logits: logits.name };
}

type Fail = (found: string, remedy?: string) => never;

/** Memory is laid out by row: which axes stand for heads and width follows from where batch and positions are. */
function cacheShape(value: Value, fail: Fail): Omit<CacheSlot, 'past' | 'present'> {
  const { shape, type } = floats(value, fail);
  const [a, b, c, d, e] = shape;
  if (shape.length === 4 && isFixed(d)) {
    if (isFixed(b)) return { heads: b, width: d, type };
    if (isFixed(c)) {
      return { heads: 1, width: c * d, type, axes: ['batch', 'positions', c, d] };
    }
  }
  if (shape.length === 5 && isFixed(e) && isFixed(c)) {
    if (a === 2) {
      return { heads: c, width: e, type, axes: [2, 'batch', c, 'positions', e], pair: true };
    }
    if (b === 2) {
      return { heads: 2 * c, width: e, type, axes: ['batch', 2, c, 'positions', e] };
    }
  }
  return fail(
    `${value.name} has the shape [${shape.join(', ')}]; expected [batch, heads, positions, width] with fixed heads and width.`,
  );
}

export const bytesOf = (type: FloatType): number => (type === 'float16' ? 2 : 4);

/** Free dimensions have a name, or are negative when nobody named them. */
const isFixed = (dimension: number | string | undefined): dimension is number =>
  typeof dimension === 'number' && dimension > 0;

function floats(value: Value, fail: Fail): TensorValue & { readonly type: FloatType } {
  if (value.isTensor && (value.type === 'float32' || value.type === 'float16')) {
    return value as TensorValue & { readonly type: FloatType };
  }
  const type = value.isTensor ? value.type : 'not a tensor';
  return fail(
    `${value.name} is ${type}; only float32 and float16 are supported for logits and caches.`,
    'Use the float32 export (onnx/model.onnx), or a quantised one whose inputs and outputs are float32.',
  );
}
