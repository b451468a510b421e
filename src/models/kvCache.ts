// Keys and values of what a model has read, where the model left them. What comes out of one pass goes into
// the next as it is; only a rollback or a reordered batch copies anything, and then where the data is.

import type { OrtRuntime, Tensor } from './runtime.ts';
import { bytesOf, type CacheSlot, type FloatType, slotShape } from './signature.ts';

export class KvCache {
  readonly #slots: readonly CacheSlot[];
  readonly #runtime: OrtRuntime;
  /** One per slot, each [rows, heads, length, width] or laid out like it; of a pair twice as many rows. */
  #tensors: Tensor[] = [];
  #rows = 0;
  #length = 0;

  constructor(slots: readonly CacheSlot[], runtime: OrtRuntime) {
    this.#slots = slots;
    this.#runtime = runtime;
  }

  /** Rows of the batch. */
  get rows(): number {
    return this.#rows;
  }
  /** Positions read, the same for all rows. */
  get length(): number {
    return this.#length;
  }

  /** Puts the past of `rows` sequences into `feeds`; of length 0 when nothing was read. */
  feed(feeds: Record<string, Tensor>, rows: number): void {
    const empty = this.#length === 0;
    this.#slots.forEach((slot, i) => {
      const tensor = empty ? this.#nothing(slot.type, slotShape(slot, rows, 0)) : this.#tensors[i];
      if (tensor) feeds[slot.past] = tensor;
    });
  }

  #nothing(type: FloatType, dims: readonly number[]): Tensor {
    const data = type === 'float16' ? new Uint16Array(0) : new Float32Array(0);
    return new this.#runtime.Tensor(type, data, dims);
  }

  /** Takes over what a pass has put out; from now on this is the past. */
  adopt(outputs: Readonly<Record<string, Tensor>>, rows: number, length: number): void {
    const before = this.#tensors;
    this.#tensors = this.#slots.map(({ present, ...slot }) => {
      const tensor = outputs[present];
      const shape = slotShape(slot, rows, length);
      if (tensor && shape.every((size, i) => tensor.dims[i] === size)) return tensor;
      throw new Error(`${present} is [${tensor?.dims}]; expected [${shape}]`);
    });
    this.#rows = rows;
    this.#length = length;
    for (const tensor of before) tensor.dispose();
  }

  /** Keeps the first `length` positions. */
  crop(length: number): void {
    if (length === 0) this.clear();
    else if (length < this.#length) this.#select(undefined, length);
  }

  /** Makes row i what row order[i] was, and keeps the first `length` positions. */
  reorder(order: readonly number[], length: number): void {
    const same = order.length === this.#rows && order.every((row, i) => row === i);
    if (same || length === 0) this.crop(length);
    else this.#select(order, length);
  }

  clear(): void {
    for (const tensor of this.#tensors) tensor.dispose();
    this.#tensors = [];
    this.#rows = 0;
    this.#length = 0;
  }

  #select(order: readonly number[] | undefined, length: number): void {
    const { device, Tensor } = this.#runtime;
    const rows = order?.length ?? this.#rows;
    const copy = device?.createCommandEncoder({ label: 'KV cache' });
    const before = this.#tensors;
    this.#tensors = this.#slots.map((slot, i) => {
      const tensor = before[i];
      if (!tensor) throw new Error('KV cache: a slot is empty');
      const { heads, width, type, pair } = slot;
      // All keys come before all values.
      const own = pair && order ? [...order, ...order.map((row) => row + this.#rows)] : order;
      const shape: Shape = {
        rows: pair ? 2 * rows : rows,
        heads,
        positions: this.#length,
        length,
        width,
        size: bytesOf(type),
      };
      const dims = slotShape(slot, rows, length);
      if (device && copy && tensor.location === 'gpu-buffer') {
        const gpuBuffer = gatherOnDevice(device, copy, tensor.gpuBuffer, shape, own);
        return Tensor.fromGpuBuffer(gpuBuffer, {
          dims,
          dataType: type,
          dispose: () => gpuBuffer.destroy(),
        });
      }
      const { data } = tensor;
      if (!isFloats(data)) throw new Error(`KV cache: ${tensor.type}`);
      return new Tensor(type, gather(data, shape, own), dims);
    });
    if (device && copy) device.queue.submit([copy.finish()]);
    for (const tensor of before) tensor.dispose();
    this.#rows = rows;
    this.#length = length;
  }
}

interface Shape {
  /** Of the result. */
  readonly rows: number;
  readonly heads: number;
  /** Before and after. */
  readonly positions: number;
  readonly length: number;
  readonly width: number;
  /** Bytes of a number. */
  readonly size: number;
}

/** Float32Array, or float16 as this browser has it: Float16Array or the bits. */
type Floats = Float32Array | Uint16Array;
const isFloats = (data: unknown): data is Floats =>
  ArrayBuffer.isView(data) && 'subarray' in data && 'copyWithin' in data;

/** Without an order the array is cropped in place: every head moves towards the front, or stays. */
function gather<T extends Floats>(data: T, shape: Shape, order?: readonly number[]): T {
  const { rows, heads, positions, length, width } = shape;
  const size = length * width;
  const result = order ? emptyLike(data, rows * heads * size) : data;
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      const from = ((order?.[row] ?? row) * heads + head) * positions * width;
      const to = (row * heads + head) * size;
      if (order) result.set(data.subarray(from, from + size), to);
      else data.copyWithin(to, from, from + size);
    }
  }
  return order ? result : (result.subarray(0, rows * heads * size) as T);
}

function emptyLike<T extends Floats>(data: T, length: number): T {
  return new (data.constructor as new (length: number) => T)(length);
}

/** The same on the GPU, into a new buffer: copies within one buffer may not overlap there. */
function gatherOnDevice(
  device: GPUDevice,
  copy: GPUCommandEncoder,
  source: GPUBuffer,
  { rows, heads, positions, length, width, size }: Shape,
  order?: readonly number[],
): GPUBuffer {
  const bytes = size * length * width;
  const result = device.createBuffer({
    label: 'KV cache',
    size: rows * heads * bytes,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      const from = size * ((order?.[row] ?? row) * heads + head) * positions * width;
      copy.copyBufferToBuffer(source, from, result, (row * heads + head) * bytes, bytes);
    }
  }
  return result;
}
