// safetensors, read strictly and written: eight bytes of length, a JSON table, the tensors end to end.
// Format: https://huggingface.co/docs/safetensors, checks as in its Rust implementation (safetensors/src/tensor.rs):
// the table's tensors must cover the rest of the file exactly, in order and without holes, so that nothing can hide.
//
// JSON.parse would keep the last of two equal names and round offsets beyond 2^53, so the table is read by a scanner
// of our own, which knows just as much JSON as the format allows.

import { UserError } from '../core/errors.ts';

export interface SafeTensor {
  readonly name: string;
  readonly type: SafeType;
  readonly dims: readonly number[];
  /** In the file. */
  readonly begin: number;
  readonly end: number;
}

export interface SafeTensors {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Bytes before the first tensor. */
  readonly header: number;
}

/** Bytes of one element. */
const TYPES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;
export type SafeType = keyof typeof TYPES;

/** As in the reference: a longer table is an attack, or no table. */
const LONGEST_HEADER = 100_000_000;
const MOST_TENSORS = 1_000_000;

const damaged = (
  name: string,
  what: string,
  remedy = 'Download it again, or save it again with safetensors.',
) => new UserError('checkpoint', `${name} is no whole safetensors file: ${what}.`, remedy);

/**
 * Bytes of the file that hold its table, the eight of the length included.
 * @param head at least the first nine bytes
 * @throws UserError 'checkpoint'
 */
export function headerLength(head: Uint8Array, size: number, name: string): number {
  if (size < 8 || head.length < 8) {
    throw damaged(name, `it has ${size} bytes, and the length of its table alone takes 8`);
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(LONGEST_HEADER)) {
    throw damaged(
      name,
      `its table would have ${length.toLocaleString('en-US')} bytes; the format allows ${LONGEST_HEADER.toLocaleString('en-US')}`,
    );
  }
  if (8 + Number(length) > size) {
    throw damaged(
      name,
      `its table would have ${length.toLocaleString('en-US')} bytes, and the file ends after ${size.toLocaleString('en-US')}`,
    );
  }
  if (length < 2n || (head.length > 8 && head[8] !== 0x7b)) {
    throw damaged(name, 'its table does not begin with a brace');
  }
  return 8 + Number(length);
}

/**
 * @param head the first `headerLength` bytes
 * @param size of the whole file
 * @throws UserError 'checkpoint' naming the tensor and what is wrong with it
 */
export function parseSafetensors(head: Uint8Array, size: number, name: string): SafeTensors {
  const header = headerLength(head, size, name);
  if (head.length < header) throw new Error('parseSafetensors: the table is not whole');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      head.subarray(8, header),
    );
  } catch (cause) {
    throw new UserError(
      'checkpoint',
      `${name} is no whole safetensors file: its table is not UTF-8.`,
      'Download it again.',
      { cause },
    );
  }
  const { tensors, metadata } = readTable(text, (what) => damaged(name, what));
  const placed = [...tensors.values()].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const tensor of placed) {
    const quoted = quote(tensor.name);
    if (tensor.begin > tensor.end)
      throw damaged(name, `the tensor ${quoted} ends before it begins`);
    if (tensor.begin > at)
      throw damaged(
        name,
        `${tensor.begin - at} bytes before the tensor ${quoted} belong to no tensor`,
      );
    if (tensor.begin < at) throw damaged(name, `the tensor ${quoted} overlaps the one before it`);
    const expected = tensor.dims.reduce(
      (product, dim) => product * BigInt(dim),
      BigInt(TYPES[tensor.type]),
    );
    if (BigInt(tensor.end - tensor.begin) !== expected) {
      throw damaged(
        name,
        `the tensor ${quoted}, ${tensor.type} [${tensor.dims.join(', ')}], needs ${expected} bytes and has ${tensor.end - tensor.begin}`,
      );
    }
    at = tensor.end;
  }
  if (header + at < size)
    throw damaged(name, `${size - header - at} bytes after the last tensor belong to no tensor`);
  if (header + at > size)
    throw damaged(
      name,
      `it ends after ${size.toLocaleString('en-US')} bytes; its tensors need ${(header + at).toLocaleString('en-US')}`,
      'It is cut off: download it again, completely.',
    );
  const moved = [...tensors].map(
    ([key, tensor]) =>
      [key, { ...tensor, begin: header + tensor.begin, end: header + tensor.end }] as const,
  );
  return { tensors: new Map(moved), metadata, header };
}

const quote = (name: string) => JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);

/** The table's own JSON: objects of strings, unsigned integers and lists of them. */
function readTable(text: string, fail: (what: string) => UserError) {
  let at = 0;
  const blank = () => {
    while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++;
  };
  const expected = (what: string): never => {
    throw fail(
      `its table has ${at < text.length ? JSON.stringify(text.slice(at, at + 12)) : 'its end'} where ${what} should be (character ${at})`,
    );
  };
  const take = (symbol: string) => {
    blank();
    if (text[at] !== symbol) expected(`“${symbol}”`);
    at++;
  };
  const has = (symbol: string): boolean => {
    blank();
    if (text[at] !== symbol) return false;
    at++;
    return true;
  };
  const string = (): string => {
    blank();
    if (text[at] !== '"') expected('a string');
    let end = at + 1;
    while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
    const raw = text.slice(at, end + 1);
    at = end + 1;
    try {
      return JSON.parse(raw) as string;
    } catch {
      at -= raw.length;
      return expected('a string');
    }
  };
  const integer = (): number => {
    blank();
    let end = at;
    while (end < text.length && text[end]! >= '0' && text[end]! <= '9') end++;
    if (end === at || end - at > 20) expected('a whole number, not negative');
    const value = Number(text.slice(at, end));
    if (!Number.isSafeInteger(value))
      throw fail(`the number ${text.slice(at, end)} in its table is larger than 2^53`);
    at = end;
    return value;
  };
  const list = (): number[] => {
    const values: number[] = [];
    take('[');
    if (has(']')) return values;
    do values.push(integer());
    while (has(','));
    take(']');
    return values;
  };
  const members = (read: (key: string) => void, where: string) => {
    const seen = new Set<string>();
    take('{');
    if (has('}')) return;
    do {
      const key = string();
      if (seen.has(key)) throw fail(`${where} has ${quote(key)} twice`);
      seen.add(key);
      take(':');
      read(key);
    } while (has(','));
    take('}');
  };

  const tensors = new Map<string, SafeTensor>();
  const metadata = new Map<string, string>();
  members((name) => {
    if (name === '__metadata__')
      return members((key) => void metadata.set(key, string()), 'its metadata');
    let type: string | undefined;
    let dims: number[] | undefined;
    let offsets: number[] | undefined;
    members(
      (key) => {
        if (key === 'dtype') type = string();
        else if (key === 'shape') dims = list();
        else if (key === 'data_offsets') offsets = list();
        else
          throw fail(
            `the tensor ${quote(name)} has a field ${quote(key)}, which the format does not know`,
          );
      },
      `the tensor ${quote(name)}`,
    );
    if (type === undefined || !dims || !offsets)
      throw fail(
        `the tensor ${quote(name)} has no ${type === undefined ? 'dtype' : dims ? 'data_offsets' : 'shape'}`,
      );
    if (!Object.hasOwn(TYPES, type))
      throw fail(
        `the tensor ${quote(name)} has the number type ${quote(type)}, which is not known`,
      );
    const [begin, end] = offsets;
    if (begin === undefined || end === undefined || offsets.length !== 2)
      throw fail(`the tensor ${quote(name)} has ${offsets.length} offsets instead of 2`);
    tensors.set(name, { name, type: type as SafeType, dims, begin, end });
    if (tensors.size > MOST_TENSORS)
      throw fail(`it lists more than ${MOST_TENSORS.toLocaleString('en-US')} tensors`);
  }, 'its table');
  blank();
  if (at < text.length) expected('the end of the table');
  return { tensors, metadata };
}

/** A file of float32 tensors; names in the order given. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, { readonly dims: readonly number[]; readonly values: Float32Array }>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  let at = 0;
  const table: Record<string, unknown> = { __metadata__: metadata };
  for (const [name, { dims, values }] of tensors) {
    table[name] = { dtype: 'F32', shape: dims, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
  }
  const text = JSON.stringify(table);
  const json = new TextEncoder().encode(text);
  // The first tensor begins at a multiple of 8: the table is filled up with blanks.
  const header = Math.ceil((8 + json.length) / 8) * 8;
  const bytes = new Uint8Array(header + at).fill(0x20, 0, header);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header - 8), true);
  bytes.set(json, 8);
  let to = header;
  for (const { values } of tensors.values()) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), to);
    to += values.byteLength;
  }
  return bytes;
}
