// Tensors of the tests as plain values, on whatever runtime they go in and come out.

import { DataType, type Tensor, tensorOf } from '../../src/onnx/tensor.ts';

export interface Value {
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;
  /** Bytes are uint8 unless they are said to be bool. */
  readonly type?: 'bool';
}

export type Feeds = Readonly<Record<string, Value>>;
export interface Result {
  readonly dims: readonly number[];
  readonly data: readonly number[];
  /** As ONNX Runtime names it: 'float32', 'int64', ... */
  readonly type: string;
}
export type Results = Readonly<Record<string, Result>>;

export const floats = (dims: readonly number[], values: ArrayLike<number>): Value => ({
  dims,
  data: Float32Array.from(values),
});
export const doubles = (dims: readonly number[], values: ArrayLike<number>): Value => ({
  dims,
  data: Float64Array.from(values),
});
const bools = (dims: readonly number[], values: readonly number[]): Value => ({
  dims,
  data: Uint8Array.from(values),
  type: 'bool',
});
export const int64s = (dims: readonly number[], values: readonly number[]): Value => ({
  dims,
  data: BigInt64Array.from(values, BigInt),
});

/** Outputs of one session as inputs of the next. */
export function asFeeds(results: Results): Feeds {
  const make = { float32: floats, float64: doubles, int64: int64s, bool: bools } as const;
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data, type }]) => {
      const maker = make[type as keyof typeof make];
      if (maker === undefined) throw new Error(`'${name}' is ${type}`);
      return [name, maker(dims, data)];
    }),
  );
}

/** A value as an initialiser. */
export function tensorFromValue({ dims, data }: Value): Tensor {
  const types = new Map<unknown, number>([
    [Float32Array, DataType.float],
    [Float64Array, DataType.double],
    [BigInt64Array, DataType.int64],
    [Int32Array, DataType.int32],
    [Uint8Array, DataType.uint8],
  ]);
  return tensorOf(types.get(data.constructor)!, dims, Array.from(data, Number));
}

/**
 * max |a - b| / max |b|; NaN anywhere gives NaN, which no tolerance lets pass.
 * @param least what max |b| counts at least, for references that are zero but for rounding
 */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>, least = 0): number {
  if (a.length !== b.length) return Number.NaN;
  let [difference, size] = [0, least];
  for (let i = 0; i < b.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (!(d <= difference)) difference = d;
    size = Math.max(size, Math.abs(b[i]!));
    if (Number.isNaN(d)) return Number.NaN;
  }
  return size === 0 ? difference : difference / size;
}
