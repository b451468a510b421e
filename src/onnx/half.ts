// float16 and bfloat16 as float32 and back. Old browsers have no Float16Array, and rounding must be the same everywhere.

const scratch = new DataView(new ArrayBuffer(4));

/** Values of all 65,536 float16 numbers, made when they are first needed. */
let table: Float32Array | undefined;

function halfTable(): Float32Array {
  if (table) return table;
  table = new Float32Array(65_536);
  for (let bits = 0; bits < table.length; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size =
      exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : exponent === 0
          ? fraction * 2 ** -24
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    table[bits] = bits >> 15 ? -size : size;
  }
  return table;
}

/** Little-endian words, at any alignment. */
function wordsOf(bytes: Uint8Array): Uint16Array {
  const at = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(at.buffer, at.byteOffset, at.byteLength >> 1);
}

export function halfToFloat(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const values = halfTable();
  return Float32Array.from(wordsOf(bytes), (word) => values[word]!);
}

/** Exact: a bfloat16 is the upper half of a float32. */
export function brainToFloat(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const words = wordsOf(bytes);
  const bits = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) bits[i] = words[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** The nearest float16, of two equally near the even one; beyond 65,504 infinity. */
export function halfBits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  if (size >= 0x47800000) return sign | 0x7c00;
  // Below the smallest normal number: multiples of 2^-24.
  if (size < 0x38800000) return sign | roundEven(Math.abs(value) * 2 ** 24);
  const rounded = size + 0xfff + ((size >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

export function floatToHalf(values: Float32Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint16Array.from(values, halfBits).buffer);
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
