// A gradient fixture (test/fixtures/autodiff) from its files: a graph exported by torch 1.13 with torch autograd's
// gradients.

import type { Value } from './values.ts';

interface Entry {
  readonly dims: readonly number[];
  readonly dtype: 'float32' | 'int64';
  /** Bytes into the .bin file. */
  readonly off: number;
}

export interface Fixture {
  readonly onnx: Uint8Array<ArrayBuffer>;
  readonly feeds: Readonly<Record<string, Value>>;
  readonly params: Readonly<Record<string, Value>>;
  readonly grads: Readonly<Record<string, Value>>;
  readonly logits: Value;
  readonly dlogits: Value;
}

export interface Index {
  readonly feeds: Record<string, Entry>;
  readonly params: Record<string, Entry>;
  readonly grads: Record<string, Entry>;
  readonly logits: Entry;
  readonly dlogits: Entry;
}

/** @param bin all arrays, one after the other */
export function fixtureFrom(
  onnx: Uint8Array<ArrayBuffer>,
  index: Index,
  bin: Uint8Array<ArrayBuffer>,
): Fixture {
  const value = ({ dims, dtype, off }: Entry): Value => {
    const size = dims.reduce((n, dim) => n * dim, 1);
    const buffer = bin.slice(off, off + size * (dtype === 'int64' ? 8 : 4)).buffer;
    const data = dtype === 'int64' ? new BigInt64Array(buffer) : new Float32Array(buffer);
    return { dims, data };
  };
  const all = (entries: Record<string, Entry>) =>
    Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, value(entry)]));
  return {
    onnx,
    feeds: all(index.feeds),
    params: all(index.params),
    grads: all(index.grads),
    logits: value(index.logits),
    dlogits: value(index.dlogits),
  };
}
