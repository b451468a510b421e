// Token ids, masks and positions in the number type that a model asks for. Models mostly want 64-bit integers
// where 32 bits are plenty; writing only the low words spares a BigInt per number on the way to every pass.

import type { OrtRuntime, Tensor } from './runtime.ts';
import type { IdType } from './signature.ts';

export class IdBuffer {
  readonly #type: IdType;
  readonly #array: BigInt64Array | Int32Array;
  /** Low words, `#step` apart (little-endian, as all that runs WebAssembly). */
  readonly #words: Int32Array;
  readonly #step: number;

  /** Zeros. */
  constructor(type: IdType, length: number) {
    this.#type = type;
    this.#array = type === 'int64' ? new BigInt64Array(length) : new Int32Array(length);
    this.#words = new Int32Array(this.#array.buffer);
    this.#step = type === 'int64' ? 2 : 1;
  }

  get length(): number {
    return this.#array.length;
  }

  /** Non-negative only: the high word stays zero. */
  set(index: number, value: number): void {
    this.#words[index * this.#step] = value;
  }

  /** A tensor over elements [from, from + size of dims), not a copy. */
  tensor({ Tensor }: OrtRuntime, from: number, dims: readonly number[]): Tensor {
    const to = from + dims.reduce((size, dim) => size * dim, 1);
    return new Tensor(this.#type, this.#array.subarray(from, to), dims);
  }
}
