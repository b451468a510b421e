// Is this graph one that a runtime can be given? Asked before ONNX Runtime sees it: its own answers name C++ files, some
// damage it accepts silently (a zero byte in the name of a weights file), and some keeps it busy for ever. Limits are
// wide enough for everything that exporters write.

import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
} from 'onnx-buf';
import { UserError } from '../core/errors.ts';
import { byteSize, DataType, typeName } from './tensor.ts';

const MOST_NODES = 100_000;
const DEEPEST = 32;
/** Operator sets and file versions that ONNX Runtime 1.30 reads. */
const OPSETS = { oldest: 7, newest: 26 };
const NEWEST_IR = 13;
/** More turns than a Loop of a decoder ever takes. */
const MOST_TURNS = 1_000_000n;
const EXTERNAL_KEYS = new Set(['location', 'offset', 'length', 'checksum', 'basepath']);

const AGAIN = 'Export the model again, or get it from where it was published.';

/**
 * @param file the model as people know it
 * @param sizes bytes of the files beside it, by the name that the model gives them; absent where they are not known
 * @throws UserError 'onnx' with what is wrong, and where
 */
export function validate(
  model: ModelProto,
  file: string,
  sizes?: ReadonlyMap<string, number>,
): void {
  const fail: Fail = (what, remedy = AGAIN) => new UserError('onnx', `${file}: ${what}.`, remedy);
  const { graph } = model;
  if (!graph) throw fail('there is no graph in it');
  if (model.irVersion > BigInt(NEWEST_IR)) {
    throw fail(
      `it is written in version ${model.irVersion} of the format; up to ${NEWEST_IR} is read`,
      'Export it with an older version of onnx.',
    );
  }
  checkOpsets(model, fail);
  checkTensors(graph.initializer, fail, sizes);
  checkGraph(graph, new Set(), 0, fail);
}

type Fail = (what: string, remedy?: string) => UserError;

function checkOpsets({ opsetImport }: ModelProto, fail: Fail): void {
  const own = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  if (!own) throw fail('it does not say which operator set it uses');
  const { oldest, newest } = OPSETS;
  if (own.version < oldest || own.version > newest) {
    throw fail(
      `it uses operator set ${own.version}; sets from ${oldest} to ${newest} are known`,
      'Export it with operator set 17.',
    );
  }
}

const quote = (name: string): string =>
  JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}...` : name);

function checkTensors(
  tensors: readonly TensorProto[],
  fail: Fail,
  sizes?: ReadonlyMap<string, number>,
): void {
  const seen = new Set<string>();
  for (const tensor of tensors) {
    const name = quote(tensor.name);
    if (tensor.name === '') throw fail('a weight has no name');
    if (seen.has(tensor.name)) throw fail(`the weight ${name} is there twice`);
    seen.add(tensor.name);
    const { dataType, dims } = tensor;
    if (dims.some((dim) => dim < 0n))
      throw fail(`the weight ${name} has a negative size, [${dims.join(', ')}]`);
    const count = dims.reduce((product, dim) => product * dim, 1n);
    if (count > 2n ** 40n)
      throw fail(`the weight ${name} would have ${count.toLocaleString('en-US')} numbers`);
    if (dataType === DataType.string) continue;
    if (dataType === 0 || typeName(dataType).startsWith('type '))
      throw fail(`the weight ${name} has a number type that is not known (${dataType})`);
    const expected = byteSize(dataType, Number(count));
    if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL)
      checkExternal(tensor, expected, fail, sizes);
    else checkInline(tensor, Number(count), expected, fail);
  }
}

function checkInline(tensor: TensorProto, count: number, expected: number, fail: Fail): void {
  const { rawData, floatData, int32Data, int64Data, doubleData, uint64Data } = tensor;
  const listed = Math.max(
    floatData.length,
    int32Data.length,
    int64Data.length,
    doubleData.length,
    uint64Data.length,
  );
  if (rawData.length === expected && (listed === 0 || rawData.length === 0)) return;
  if (
    rawData.length === 0 &&
    (listed === count || (expected > 0 && listed >= Math.ceil(expected / 4) && listed <= count))
  )
    return;
  const has =
    rawData.length > 0
      ? `${rawData.length.toLocaleString('en-US')} bytes`
      : `${listed.toLocaleString('en-US')} numbers`;
  throw fail(
    `the weight ${quote(tensor.name)}, ${typeName(tensor.dataType)} [${tensor.dims.join(', ')}], has ${has}; it needs ${expected.toLocaleString('en-US')} bytes`,
  );
}

function checkExternal(
  tensor: TensorProto,
  expected: number,
  fail: Fail,
  sizes?: ReadonlyMap<string, number>,
): void {
  const name = quote(tensor.name);
  const entries = new Map<string, string>();
  for (const { key, value } of tensor.externalData) {
    if (!EXTERNAL_KEYS.has(key))
      throw fail(`where the weight ${name} is says ${quote(key)}, which the format does not know`);
    if (entries.has(key)) throw fail(`where the weight ${name} is says ${quote(key)} twice`);
    entries.set(key, value);
  }
  const location = entries.get('location');
  if (!location) throw fail(`the weight ${name} is in another file, but which is not said`);
  const number = (key: string, otherwise: number): number => {
    const text = entries.get(key);
    if (text === undefined) return otherwise;
    if (!/^\d{1,16}$/.test(text))
      throw fail(`the ${key} of the weight ${name} is ${quote(text)}; expected a number of bytes`);
    return Number(text);
  };
  const offset = number('offset', 0);
  const length = number('length', expected);
  if (length !== expected)
    throw fail(
      `the weight ${name} has ${length.toLocaleString('en-US')} bytes in ${location}; it needs ${expected.toLocaleString('en-US')}`,
    );
  const size = sizes?.get(location);
  if (size !== undefined && offset + length > size) {
    throw fail(
      `the weight ${name} ends at byte ${(offset + length).toLocaleString('en-US')} of ${location}, which has ${size.toLocaleString('en-US')}`,
      `Download ${location} again, completely: it is cut off, or of another model.`,
    );
  }
}

/** Names resolve, nothing is made twice, nothing waits for itself; bodies of If and Loop included. */
function checkGraph(
  graph: GraphProto,
  outer: ReadonlySet<string>,
  depth: number,
  fail: Fail,
): void {
  if (depth > DEEPEST) throw fail(`its If and Loop bodies are nested more than ${DEEPEST} deep`);
  if (graph.node.length > MOST_NODES)
    throw fail(
      `it has ${graph.node.length.toLocaleString('en-US')} nodes; at most ${MOST_NODES.toLocaleString('en-US')} are read`,
    );
  const given = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
  for (const { values } of graph.sparseInitializer) if (values) given.add(values.name);
  const makers = new Map<string, number>();
  graph.node.forEach((node, at) => {
    for (const output of node.output) {
      if (output === '') continue;
      if (makers.has(output) || given.has(output))
        throw fail(`the value ${quote(output)} is made twice, the second time by ${label(node)}`);
      makers.set(output, at);
    }
  });
  const known = (name: string) =>
    name === '' || given.has(name) || outer.has(name) || makers.has(name);
  for (const node of graph.node) {
    const lost = node.input.find((input) => !known(input));
    if (lost !== undefined)
      throw fail(`${label(node)} takes the value ${quote(lost)}, which nothing makes`);
    if (node.opType === '') throw fail(`${label(node)} has no operator`);
  }
  const missing = graph.output.find(({ name }) => !known(name));
  if (missing) throw fail(`the output ${quote(missing.name)} is made by nothing`);
  checkOrder(graph, makers, fail);
  const inner = new Set([...outer, ...given, ...makers.keys()]);
  for (const node of graph.node) {
    checkLoop(node, graph, fail);
    for (const { g, graphs } of node.attribute) {
      for (const body of g ? [g, ...graphs] : graphs) checkGraph(body, inner, depth + 1, fail);
    }
  }
}

const label = ({ opType, name, output }: NodeProto): string =>
  `${opType || 'a'} node ${quote(name || (output[0] ?? '?'))}`;

/** Depth first, without recursion: a value that is needed for itself is a cycle. */
function checkOrder(
  { node: nodes }: GraphProto,
  makers: ReadonlyMap<string, number>,
  fail: Fail,
): void {
  const done = new Uint8Array(nodes.length);
  for (let start = 0; start < nodes.length; start++) {
    if (done[start] !== 0) continue;
    const stack: { at: number; next: number }[] = [{ at: start, next: 0 }];
    done[start] = 1;
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const input = nodes[top.at]!.input[top.next++];
      if (input === undefined) {
        done[top.at] = 2;
        stack.pop();
        continue;
      }
      const maker = makers.get(input);
      if (maker === undefined || done[maker] === 2) continue;
      if (done[maker] === 1) throw fail(`${label(nodes[maker]!)} needs its own result`);
      done[maker] = 1;
      stack.push({ at: maker, next: 0 });
    }
  }
}

/** A Loop that is told to turn for ever; others are stopped by the deadline of whoever runs them. */
function checkLoop(node: NodeProto, { initializer }: GraphProto, fail: Fail): void {
  if (node.opType !== 'Loop') return;
  const trips = initializer.find(({ name }) => name === node.input[0]);
  if (!trips || trips.dataType !== DataType.int64) return;
  const [first] = trips.int64Data;
  const raw = trips.rawData;
  const count =
    first ??
    (raw.length === 8 ? new DataView(raw.buffer, raw.byteOffset, 8).getBigInt64(0, true) : 0n);
  if (count > MOST_TURNS)
    throw fail(`${label(node)} turns ${count.toLocaleString('en-US')} times, which never ends`);
}
