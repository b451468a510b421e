// Looking into an ONNX file without decoding it: the fields of its messages, one level at a time. Whoever only decodes
// text need not load what reads whole graphs.

import { UserError } from '../core/errors.ts';

export interface Field {
  readonly number: number;
  /** Of plain numbers. */
  readonly value?: number;
  /** Of everything that has a length. */
  readonly bytes?: Uint8Array;
}

/** The fields of a message; stops at what it does not understand. */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 70 && at < bytes.length; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const key = varint();
    const wire = key % 8;
    const number = Math.floor(key / 8);
    if (wire === 0) yield { number, value: varint() };
    else if (wire === 2) {
      const length = varint();
      if (!(at + length <= bytes.length)) return;
      yield { number, bytes: bytes.subarray(at, at + length) };
      at += length;
    } else if (wire === 5) at += 4;
    else if (wire === 1) at += 8;
    else return;
  }
}

export const within = (bytes: Uint8Array | undefined, number: number): Field | undefined =>
  bytes && [...fieldsOf(bytes)].find((field) => field.number === number);

/** Field numbers of onnx.proto3. */
export const MODEL = { graph: 7 };
export const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 };
export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 };

const MOST_NODES = 100_000;
/** Protobuf's own limit for messages in messages is 100. */
const DEEPEST = 100;

/**
 * Counts before anything is decoded: decoding a million nodes, or bodies within bodies without end, takes long.
 * @throws UserError 'onnx'
 */
export function checkNodes(model: Uint8Array, file: string): void {
  let nodes = 0;
  const walk = (graph: Uint8Array, depth: number): void => {
    if (depth > DEEPEST) {
      throw new UserError(
        'onnx',
        `${file}: its If and Loop bodies are nested more than ${DEEPEST} deep.`,
        'Export the model again, or get it from where it was published.',
      );
    }
    for (const { number, bytes: node } of fieldsOf(graph)) {
      if (number !== GRAPH.node || !node) continue;
      if (++nodes > MOST_NODES) {
        throw new UserError(
          'onnx',
          `${file}: it has more than ${MOST_NODES.toLocaleString('en-US')} nodes.`,
          'Export the model again; no decoder needs so many.',
        );
      }
      for (const { number: field, bytes: attribute } of fieldsOf(node)) {
        if (field !== NODE.attribute || !attribute) continue;
        const body = within(attribute, BODY)?.bytes;
        if (body) walk(body, depth + 1);
      }
    }
  };
  for (const { number, bytes: graph } of fieldsOf(model)) {
    if (number === MODEL.graph && graph) walk(graph, 0);
  }
}

/** AttributeProto.g */
const BODY = 6;

/** Has the graph itself (not a body within it) a node of this type? */
export function hasOperator(model: Uint8Array, op: string): boolean {
  const name = new TextEncoder().encode(op);
  for (const { number, bytes: graph } of fieldsOf(model)) {
    if (number !== MODEL.graph || !graph) continue;
    for (const { number: field, bytes: node } of fieldsOf(graph)) {
      if (field !== GRAPH.node || !node) continue;
      const type = within(node, NODE.opType)?.bytes;
      if (type?.length === name.length && type.every((byte, i) => byte === name[i])) return true;
    }
  }
  return false;
}

const PORT_NAME = 1;

/** Names of what goes in and comes out; weights that are listed as inputs are none. */
export function portNamesIn(model: Uint8Array): {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
} {
  const decoder = new TextDecoder();
  const found = { inputs: [] as string[], outputs: [] as string[] };
  const weights = new Set<string>();
  for (const { number, bytes: graph } of fieldsOf(model)) {
    if (number !== MODEL.graph || !graph) continue;
    for (const { number: field, bytes: one } of fieldsOf(graph)) {
      if (!one) continue;
      const named = (at: number) => decoder.decode(within(one, at)?.bytes);
      if (field === GRAPH.input) found.inputs.push(named(PORT_NAME));
      else if (field === GRAPH.output) found.outputs.push(named(PORT_NAME));
      else if (field === GRAPH.initializer) weights.add(named(TENSOR.name));
    }
  }
  return { ...found, inputs: found.inputs.filter((name) => !weights.has(name)) };
}

const TYPE = { port: 2, tensor: 1, shape: 2, dim: 1, size: 1 };

/** Last size of the output `logits`, or of the only output of three axes; undefined where it is free or not clear. */
export function headRows(model: Uint8Array): number | undefined {
  const found = new Map<string, readonly (number | undefined)[]>();
  for (const { number, bytes: graph } of fieldsOf(model)) {
    if (number !== MODEL.graph || !graph) continue;
    for (const { number: field, bytes: port } of fieldsOf(graph)) {
      if (field !== GRAPH.output || !port) continue;
      const type = within(within(port, TYPE.port)?.bytes, TYPE.tensor)?.bytes;
      const shape = within(type, TYPE.shape)?.bytes ?? new Uint8Array();
      const dims = [...fieldsOf(shape)].filter((one) => one.number === TYPE.dim);
      found.set(
        new TextDecoder().decode(within(port, PORT_NAME)?.bytes),
        dims.map((dim) => within(dim.bytes, TYPE.size)?.value),
      );
    }
  }
  const flat = [...found.values()].filter((dims) => dims.length === 3);
  const dims = found.get('logits') ?? (flat.length === 1 ? flat[0] : undefined);
  const rows = dims?.at(-1);
  return rows !== undefined && rows > 0 ? rows : undefined;
}

const TENSOR = { name: 8, external: 13, location: 14 };
const ENTRY = { key: 1, value: 2 };
const EXTERNAL = 1;

/** Names of the files in which the model keeps weights, in the order in which they occur. */
export function externalLocations(model: Uint8Array): string[] {
  const decoder = new TextDecoder();
  const found = new Set<string>();
  for (const { number, bytes: graph } of fieldsOf(model)) {
    if (number !== MODEL.graph || !graph) continue;
    for (const { number: field, bytes: tensor } of fieldsOf(graph)) {
      if (field !== GRAPH.initializer || !tensor) continue;
      const fields = [...fieldsOf(tensor)];
      if (fields.find((one) => one.number === TENSOR.location)?.value !== EXTERNAL) continue;
      for (const { number: kind, bytes: entry } of fields) {
        if (kind !== TENSOR.external || !entry) continue;
        if (decoder.decode(within(entry, ENTRY.key)?.bytes) !== 'location') continue;
        found.add(decoder.decode(within(entry, ENTRY.value)?.bytes));
      }
    }
  }
  return [...found];
}
