// ONNX files that are damaged, hostile or of another kind, each in one way: made from a good one of a few kilobytes.

import { create } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from 'onnx-buf';
import { readModel, writeModel } from '../../src/onnx/model.ts';
import { valueInfoProto } from '../../src/onnx/proto.ts';
import { DataType } from '../../src/onnx/tensor.ts';
import { familyBytes } from '../families/index.ts';

type Bytes = Uint8Array<ArrayBuffer>;
export type Case = readonly [name: string, bytes: Bytes];

const good = familyBytes('llama', 1);
const text = (value: string): Bytes => new TextEncoder().encode(value);

function edited(change: (graph: GraphProto, model: ModelProto) => unknown): Bytes {
  const model = readModel(good.slice());
  change(model.graph!, model);
  return writeModel(model);
}
const weight = (graph: GraphProto, name = 'model.layers.0.mlp.up_proj.weight'): TensorProto =>
  graph.initializer.find((tensor) => tensor.name === name)!;
const tensor = (change: (one: TensorProto) => void) => edited((graph) => change(weight(graph)));
const node = (opType: string, input: string[], output: string[], domain = '') =>
  create(NodeProtoSchema, { name: `bad ${opType}`, opType, input, output, domain });
/** The logits pass through one more node. */
const through = (opType: string, more: string[] = [], domain = '') =>
  edited((graph) => {
    graph.node.at(-1)!.output = ['before'];
    graph.node.push(node(opType, ['before', ...more], ['logits'], domain));
  });
const int64 = (name: string, values: bigint[]) =>
  create(TensorProtoSchema, {
    name,
    dataType: DataType.int64,
    dims: [BigInt(values.length)],
    int64Data: values,
  });
const port = (name: string, dtype: number, shape: (number | string)[]) =>
  valueInfoProto({
    name,
    dtype,
    shape: shape.map((dim) =>
      typeof dim === 'number' ? dim : { terms: [{ coefficient: 1, symbols: [dim] }], key: dim },
    ),
  });

/** The same four numbers again and again. */
function noise(length: number, seed: number): Bytes {
  let state = seed * 2_654_435_761;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

function foreign(): Case[] {
  const heads: [string, number[]][] = [
    ['a PNG', [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]],
    ['a PDF', [...text('%PDF-1.7\n')]],
    ['a gzip file', [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]],
    ['a zip or PyTorch file', [...text('PK\x03\x04\x14\0')]],
    ['a pickle', [0x80, 2, 0x7d, 0x71, 0]],
    ['a GGUF file', [...text('GGUF\x03\0\0\0')]],
    ['an HDF5 file', [0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10]],
    ['a WebAssembly file', [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]],
  ];
  return [
    ...heads.map(([name, head]): Case => [name, Uint8Array.from([...head, ...noise(200, 3)])]),
    ['an LFS pointer', text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n')],
    ['a web page', text('<!DOCTYPE html><html></html>')],
    ['XML', text('<?xml version="1.0"?><Error/>')],
    ['JSON', text('{"error":"not found"}')],
    ['plain text', text('Entry not found')],
    ['UTF-16 text', Uint8Array.from([0xff, 0xfe, 0x41, 0])],
    ['nothing', new Uint8Array(0)],
    ['one byte', Uint8Array.of(8)],
    ['zeros', new Uint8Array(1000)],
    ['ones', new Uint8Array(1000).fill(0xff)],
  ];
}

const cut = (): Case[] =>
  [0.001, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 0.99, 0.9999].map(
    (share): Case => [
      `cut off after ${share}`,
      good.slice(0, Math.max(1, Math.floor(share * good.length))),
    ],
  );

function lies(): Case[] {
  const at = good.indexOf(0x3a);
  const lie = (...bytes: number[]) =>
    Uint8Array.from([...good.slice(0, at + 1), ...bytes, ...good.slice(at + 4)]);
  return [
    ['a length of 2^63', lie(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)],
    ['a length without end', lie(...new Array(12).fill(0xff))],
    ['a length of nothing', lie(0)],
    [
      'noise in the middle',
      Uint8Array.from([...good.slice(0, 300), ...noise(300, 5), ...good.slice(600)]),
    ],
    ['the file twice, half', Uint8Array.from([...good, ...good.slice(0, good.length / 2)])],
    ...[1, 2, 3, 4, 5].map((seed): Case => [`noise ${seed}`, noise(5000, seed)]),
  ];
}

/** Bodies within bodies, as bytes, from the outermost to the innermost: nobody can build that many messages. */
function nested(depth: number): Bytes {
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
  const name = [0x0a, 4, ...text('body'), 0xa0, 1, 5];
  const op = [0x22, 2, ...text('If')];
  const heads: number[][] = [];
  let length = 0;
  for (let i = 0; i < depth; i++) {
    const body = [0x32, ...varint(length)];
    const attribute = name.length + body.length + length;
    const before = [0x2a, ...varint(attribute), ...name, ...body];
    const whole = op.length + before.length + length;
    const head = [0x0a, ...varint(whole), ...op, ...before];
    heads.push(head);
    length += head.length;
  }
  return Uint8Array.from([
    8,
    8,
    0x3a,
    ...varint(length),
    ...heads.reverse().flat(),
    0x42,
    2,
    16,
    17,
  ]);
}

/** Assigns as an expression. */
const set = <T extends object>(what: T | undefined, values: Partial<T>): T =>
  Object.assign(what as T, values);
const first = (graph: GraphProto, op: string) => graph.node.find(({ opType }) => opType === op)!;
const int64Bytes = (...values: bigint[]) => new Uint8Array(BigInt64Array.from(values).buffer);
const rewired = (to: number, from: number) =>
  edited((g) => g.node[to]!.input.splice(0, 1, g.node[from]!.output[0]!));

function structure(): Case[] {
  return [
    ['no operator sets', edited((_, model) => set(model, { opsetImport: [] }))],
    ['operator set 9999', edited((_, model) => set(model.opsetImport[0], { version: 9999n }))],
    ['operator set 0', edited((_, model) => set(model.opsetImport[0], { version: 0n }))],
    ['format version 9999', edited((_, model) => set(model, { irVersion: 9999n }))],
    ['an empty graph', edited((_, model) => set(model, { graph: create(GraphProtoSchema, {}) }))],
    ['a node that needs itself', rewired(10, 10)],
    ['a cycle of many nodes', rewired(5, 40)],
    ['a value made twice', edited((g) => g.node[8]!.output.splice(0, 1, g.node[7]!.output[0]!))],
    [
      'a value that is a weight too',
      edited((g) => g.node[8]!.output.splice(0, 1, 'lm_head.weight')),
    ],
    ['a value from nowhere', edited((g) => g.node[9]!.input.splice(0, 1, 'nowhere'))],
    ['an output from nowhere', edited((g) => g.output.push(port('lost', DataType.float, [1])))],
    [
      'a weight that is gone',
      edited((g) =>
        set(g, { initializer: g.initializer.filter(({ name }) => name !== 'lm_head.weight') }),
      ),
    ],
    ['a node without an operator', edited((g) => set(g.node[6], { opType: '' }))],
    ['an unknown operator', through('Frobnicate')],
    [
      'an operator of an unknown domain',
      edited((g, model) => {
        set(g.node.at(-1), { domain: 'evil.example' });
        const domain = { domain: 'evil.example', version: 1n };
        model.opsetImport.push(create(OperatorSetIdProtoSchema, domain));
      }),
    ],
    ['a domain that is not imported', through('Gelu', [], 'com.microsoft.nowhere')],
    ['bodies 60 deep', nested(60)],
    ['bodies 3,000 deep', nested(3000)],
    ['300,000 nodes', crowd()],
    ['a product of one factor', edited((g) => first(g, 'MatMul').input.splice(1))],
    ['a product of wrong shapes', edited((g) => set(weight(g), { dims: [32n, 48n] }))],
    ['a softmax over axis 99', edited((g) => set(first(g, 'Softmax').attribute[0], { i: 99n }))],
    [
      'an attribute of the wrong type',
      edited((g) => {
        const s = { name: 'axis', type: AttributeType.STRING, s: text('last') };
        return set(first(g, 'Softmax'), { attribute: [create(AttributeProtoSchema, s)] });
      }),
    ],
    [
      'an unknown attribute',
      edited((g) => {
        const colour = { name: 'colour', type: AttributeType.INT, i: 1n };
        return first(g, 'Softmax').attribute.push(create(AttributeProtoSchema, colour));
      }),
    ],
    [
      'a reshape to nonsense',
      edited((g) => set(weight(g, 'shape.state'), { rawData: int64Bytes(0n, 0n, 7n) })),
    ],
    [
      'a permutation that is none',
      edited((g) => set(first(g, 'Transpose').attribute[0], { ints: [1n, 1n] })),
    ],
    [
      'a gather beyond its table',
      edited((g) => set(weight(g, 'index.1'), { rawData: int64Bytes(99n) })),
    ],
  ];
}

const sized = (dims: bigint[]) =>
  tensor((one) => {
    one.dims = dims;
  });
function weights(): Case[] {
  return [
    ['dims 0', sized([0n, 32n])],
    ['dims -1', sized([-1n, 32n])],
    ['dims 2^31', sized([2n ** 31n, 32n])],
    ['dims 2^62', sized([2n ** 62n, 32n])],
    ['dims whose product is 0 modulo 2^64', sized([2n ** 32n, 2n ** 32n])],
    ['dims too small', sized([47n, 32n])],
    ['dims too large', sized([49n, 32n])],
    ['no dims', sized([])],
    ['too many dims', sized(new Array<bigint>(64).fill(1n))],
    [
      'number type 0',
      tensor((one) => {
        one.dataType = 0;
      }),
    ],
    [
      'number type 999',
      tensor((one) => {
        one.dataType = 999;
      }),
    ],
    [
      'number type -1',
      tensor((one) => {
        one.dataType = -1;
      }),
    ],
    [
      'text for numbers',
      tensor((one) => {
        one.dataType = DataType.string;
      }),
    ],
    [
      'float64 for float32',
      tensor((one) => {
        one.dataType = DataType.double;
      }),
    ],
    [
      'complex numbers',
      tensor((one) => {
        one.dataType = 14;
        one.dims = [24n, 32n];
      }),
    ],
    [
      'no bytes',
      tensor((one) => {
        one.rawData = new Uint8Array(0);
      }),
    ],
    [
      'a byte too many',
      tensor((one) => {
        one.rawData = new Uint8Array(one.rawData.length + 1);
      }),
    ],
    [
      'a byte too few',
      tensor((one) => {
        one.rawData = one.rawData.slice(1);
      }),
    ],
    ['the same name twice', edited((g) => void g.initializer.push(weight(g)))],
    [
      'no name',
      tensor((one) => {
        one.name = '';
      }),
    ],
  ];
}

const outside = (entries: Record<string, string>) =>
  tensor((one) => {
    one.dataLocation = TensorProto_DataLocation.EXTERNAL;
    one.rawData = new Uint8Array(0);
    one.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
  });
function external(): Case[] {
  const at = (location: string): Case => [
    `weights in ${JSON.stringify(location)}`,
    outside({ location }),
  ];
  const location = 'w.bin';
  return [
    ...[
      'missing.bin',
      '/etc/passwd',
      '../w.bin',
      'a/../../w.bin',
      '..\\w.bin',
      'C:\\w.bin',
      'https://example.org/w',
      'w.bin\0x',
      '',
      '__proto__',
    ].map(at),
    ['weights nowhere', outside({})],
    ['an offset below 0', outside({ location, offset: '-4' })],
    ['an offset beyond the file', outside({ location, offset: '99999999' })],
    ['an offset that is no number', outside({ location, offset: '0x10' })],
    ['a length of 2^60', outside({ location, length: '1152921504606846976' })],
    ['a length that is too short', outside({ location, length: '4' })],
    ['an unknown key', outside({ location, evil: '1' })],
    [
      'the same key twice',
      edited((g) => {
        const one = weight(g);
        one.dataLocation = TensorProto_DataLocation.EXTERNAL;
        one.rawData = new Uint8Array(0);
        one.externalData = [location, 'other.bin'].map((value) =>
          create(StringStringEntryProtoSchema, { key: 'location', value }),
        );
      }),
    ],
    [
      '101 files',
      edited((g) => {
        for (let i = 0; i < 101; i++) {
          const one = create(TensorProtoSchema, {
            name: `w${i}`,
            dataType: DataType.float,
            dims: [1n],
            dataLocation: TensorProto_DataLocation.EXTERNAL,
          });
          one.externalData = [
            create(StringStringEntryProtoSchema, { key: 'location', value: `w${i}.bin` }),
          ];
          g.initializer.push(one);
        }
      }),
    ],
  ];
}

const bomb = (op: string, sizes: bigint[]) =>
  edited((g) => {
    g.node.at(-1)!.output = ['before'];
    g.initializer.push(int64('bomb.sizes', sizes));
    const inputs = op === 'ConstantOfShape' ? ['bomb.sizes'] : ['before', 'bomb.sizes'];
    g.node.push(
      node(op, inputs, ['bomb']),
      node('ReduceSum', ['bomb'], ['bomb.sum']),
      node('Add', ['before', 'bomb.sum'], ['logits']),
    );
  });

function loop(trips: bigint): Bytes {
  const body = create(GraphProtoSchema, {
    name: 'endless',
    input: [
      port('i', DataType.int64, []),
      port('c', DataType.bool, []),
      port('x', DataType.float, ['b', 't', 'v']),
    ],
    output: [port('c.out', DataType.bool, []), port('x.out', DataType.float, ['b', 't', 'v'])],
    node: [node('Identity', ['c'], ['c.out']), node('Neg', ['x'], ['x.out'])],
  });
  return edited((g) => {
    g.node.at(-1)!.output = ['before'];
    g.initializer.push(
      create(TensorProtoSchema, { name: 'trips', dataType: DataType.int64, int64Data: [trips] }),
    );
    g.initializer.push(
      create(TensorProtoSchema, { name: 'yes', dataType: DataType.bool, int32Data: [1] }),
    );
    const made = node('Loop', ['trips', 'yes', 'before'], ['logits']);
    made.attribute = [
      create(AttributeProtoSchema, { name: 'body', type: AttributeType.GRAPH, g: body }),
    ];
    g.node.push(made);
  });
}

function borders(): Case[] {
  const input = (g: GraphProto, name: string) => g.input.find((one) => one.name === name)!;
  const rename = (g: GraphProto, from: string, to: string) => {
    input(g, from).name = to;
    for (const one of g.node) one.input = one.input.map((name) => (name === from ? to : name));
  };
  const typed = (
    name: string,
    dtype: number,
    shape: (number | string)[],
    where: 'input' | 'output' = 'input',
  ) =>
    edited((g) => {
      const at = g[where].findIndex((one) => one.name === name);
      g[where][at] = port(name, dtype, shape);
    });
  const past = 'past_key_values.0.key';
  const cache = ['batch_size', 2, 'past_sequence_length', 16];
  return [
    [
      'embeddings instead of tokens',
      edited((g) => {
        g.input = g.input.filter(({ name }) => name !== 'input_ids');
        g.input.push(port('inputs_embeds', DataType.float, ['batch_size', 'sequence_length', 32]));
      }),
    ],
    ['tokens as fractions', typed('input_ids', DataType.float, ['batch_size', 'sequence_length'])],
    [
      'a strange input',
      edited((g) => void g.input.push(port('pixel_values', DataType.float, [1, 3]))),
    ],
    ['pages', edited((g) => void g.input.push(port('block_table', DataType.int32, ['b', 's'])))],
    ['a mask of fractions', typed('attention_mask', DataType.float, ['batch_size', 'total'])],
    [
      'a cache that is this by its name and that by its place',
      edited((g) => {
        rename(g, past, 'past_0');
        g.output.reverse();
      }),
    ],
    ['a cache with free heads', typed(past, DataType.float, ['b', 'h', 'p', 16])],
    ['a cache of two dims', typed(past, DataType.float, ['b', 32])],
    ['a cache of integers', typed(past, DataType.int64, cache)],
    [
      'a cache that is wider than the keys',
      typed(past, DataType.float, ['batch_size', 2, 'past_sequence_length', 8]),
    ],
    [
      'a cache with more heads than the keys',
      typed(past, DataType.float, ['batch_size', 4, 'past_sequence_length', 16]),
    ],
    [
      'a cache that does not come out',
      edited((g) => {
        g.output = g.output.filter(({ name }) => name !== 'present.0.key');
      }),
    ],
    [
      'no logits',
      edited((g) => {
        g.output = g.output.filter(({ name }) => name !== 'logits');
      }),
    ],
    [
      'no outputs',
      edited((g) => {
        g.output = [];
      }),
    ],
    ['logits as integers', typed('logits', DataType.int64, ['b', 't', 79], 'output')],
    [
      'a head for another vocabulary',
      edited((g) => {
        const head = weight(g, 'lm_head.weight');
        head.dims = [40n, 32n];
        head.rawData = head.rawData.slice(0, 4 * 40 * 32);
        g.output[0] = port('logits', DataType.float, ['batch_size', 'sequence_length', 40]);
      }),
    ],
    ['64 GiB of zeros', bomb('ConstantOfShape', [2n ** 34n])],
    ['64 GiB of copies', bomb('Tile', [2n ** 10n, 2n ** 10n, 2n ** 10n])],
    ['64 GiB of one', bomb('ConstantOfShape', [2n ** 17n, 2n ** 17n])],
    ['a loop of 2^62 turns', loop(2n ** 62n)],
    ['a loop of 10^9 turns', loop(10n ** 9n)],
    [
      'an If without branches',
      edited((g) => {
        g.initializer.push(
          create(TensorProtoSchema, { name: 'yes', dataType: DataType.bool, int32Data: [1] }),
        );
        g.node.at(-1)!.output = ['before'];
        g.node.push(node('If', ['yes'], ['logits']));
      }),
    ],
  ];
}

/** 300,000 nodes, each two bytes of a message without anything in it. */
function crowd(): Bytes {
  const nodes = 300_000;
  const graph = new Uint8Array(2 * nodes);
  for (let i = 0; i < graph.length; i += 2) graph[i] = 0x0a;
  const length = graph.length;
  const head = [8, 8, 0x3a, (length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14];
  return Uint8Array.from([...head, ...graph, 0x42, 2, 16, 17]);
}

export const onnxCases = (): Case[] => [
  ...foreign(),
  ...cut(),
  ...lies(),
  ...structure(),
  ...weights(),
  ...external(),
  ...borders(),
];
