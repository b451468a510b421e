// Tensors as the file holds them: little-endian bytes, viewed and not copied, with dims beside them. Everything
// that must look inside a tensor (folding, comparing tied weights) goes through the few functions here.

import { UserError } from '../core/errors.ts';

/** Element types by their number in TensorProto.DataType (onnx.proto). */
export const DataType = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  bfloat16: 16,
  uint4: 21,
} as const;

/** Names as people know them, for error texts; index = TensorProto.DataType. */
const typeNames =
  'undefined float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64 complex64 complex128 bfloat16 float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz uint4 int4 float4e2m1'.split(
    ' ',
  );

/** Bytes of one element; 4-bit types share bytes and count as 0.5. */
const elementBytes: Readonly<Record<number, number>> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
  16: 2,
  17: 1,
  18: 1,
  19: 1,
  20: 1,
  21: 0.5,
  22: 0.5,
};

export interface Tensor {
  readonly dtype: number;
  readonly dims: readonly number[];
  /** Row-major, little-endian; usually a view into the file, at any alignment. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export function typeName(dtype: number): string {
  return typeNames[dtype] ?? `type ${dtype}`;
}

export function isFloat(dtype: number): boolean {
  return dtype === DataType.float || dtype === DataType.double;
}

export function isInteger(dtype: number): boolean {
  return dtype === DataType.int32 || dtype === DataType.int64;
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((size, dim) => size * dim, 1);
}

/** Bytes that a tensor of this type and size occupies. */
export function byteSize(dtype: number, size: number): number {
  const bytes = elementBytes[dtype];
  if (bytes === undefined) {
    throw new UserError(
      'onnx',
      `A tensor of ${typeName(dtype)} has no fixed size.`,
      'Export the model without string or sequence tensors.',
    );
  }
  return Math.ceil(bytes * size);
}

/** The bytes at an address that a typed array of this element size accepts; copied only if need be. */
function aligned(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  return bytes.byteOffset % size === 0 ? bytes : bytes.slice();
}

/** float32 contents; a view where alignment allows, else a copy. */
export function float32Of(tensor: Tensor): Float32Array<ArrayBuffer> {
  if (tensor.dtype !== DataType.float) {
    throw new Error(`float32Of: tensor is ${typeName(tensor.dtype)}`);
  }
  const { buffer, byteOffset, byteLength } = aligned(tensor.bytes, 4);
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

/** Contents as numbers, for the types that graphs compute shapes and constants in; undefined for others. */
export function numbersOf(tensor: Tensor): number[] | undefined {
  const { buffer, byteOffset, byteLength } = aligned(tensor.bytes, 8);
  switch (tensor.dtype) {
    case DataType.float:
      return Array.from(new Float32Array(buffer, byteOffset, byteLength / 4));
    case DataType.double:
      return Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
    case DataType.int32:
      return Array.from(new Int32Array(buffer, byteOffset, byteLength / 4));
    case DataType.int64:
      return Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number);
    case DataType.bool:
    case DataType.uint8:
      return Array.from(new Uint8Array(buffer, byteOffset, byteLength));
    case DataType.int8:
      return Array.from(new Int8Array(buffer, byteOffset, byteLength));
    default:
      return undefined;
  }
}

const int64Max = (1n << 63n) - 1n;
const int64Min = -(1n << 63n);

/** An exact int64; values beyond the range (INT64_MAX read into a double) saturate. */
export function toInt64(value: number): bigint {
  if (!Number.isFinite(value)) throw new Error(`toInt64: ${value} is not a finite number`);
  const big = BigInt(Math.trunc(value));
  return big > int64Max ? int64Max : big < int64Min ? int64Min : big;
}

/** The inverse of `numbersOf`. */
export function tensorOf(
  dtype: number,
  dims: readonly number[],
  values: readonly number[],
): Tensor {
  if (values.length !== sizeOf(dims)) {
    throw new Error(`tensorOf: ${values.length} values for dims [${dims.join(', ')}]`);
  }
  switch (dtype) {
    case DataType.float:
      return { dtype, dims, bytes: new Uint8Array(Float32Array.from(values).buffer) };
    case DataType.double:
      return { dtype, dims, bytes: new Uint8Array(Float64Array.from(values).buffer) };
    case DataType.int32:
      return { dtype, dims, bytes: new Uint8Array(Int32Array.from(values).buffer) };
    case DataType.int64:
      return { dtype, dims, bytes: new Uint8Array(BigInt64Array.from(values, toInt64).buffer) };
    case DataType.bool:
    case DataType.uint8:
      return { dtype, dims, bytes: Uint8Array.from(values) };
    case DataType.int8:
      return { dtype, dims, bytes: new Uint8Array(Int8Array.from(values).buffer) };
    default:
      throw new Error(`tensorOf: no encoding for ${typeName(dtype)}`);
  }
}

/** The transpose of a float32 matrix (rows, columns) as (columns, rows). */
export function transposed(tensor: Tensor): Tensor {
  const [rows, columns] = tensor.dims;
  if (rows === undefined || columns === undefined || tensor.dims.length !== 2) {
    throw new Error(`transposed: dims [${tensor.dims.join(', ')}] are not a matrix`);
  }
  const from = float32Of(tensor);
  const to = new Float32Array(from.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      to[column * rows + row] = from[row * columns + column]!;
    }
  }
  return { dtype: tensor.dtype, dims: [columns, rows], bytes: new Uint8Array(to.buffer) };
}

/** Same type, dims and bits. */
export function sameTensor(a: Tensor, b: Tensor): boolean {
  return (
    a.dtype === b.dtype &&
    a.dims.length === b.dims.length &&
    a.dims.every((dim, i) => dim === b.dims[i]) &&
    a.bytes.length === b.bytes.length &&
    a.bytes.every((byte, i) => byte === b.bytes[i])
  );
}
