// safetensors files that break one rule of the format each (its Rust implementation has fourteen kinds of errors), and
// whole checkpoints whose parts do not fit together.

import { writeSafetensors } from '../../src/models/safetensors.ts';
import {
  bytesOf,
  type Files,
  jsonFile,
  llamaJson,
  safetensorsFolder,
  weightsOf,
} from '../families/folders.ts';
import { familyGraph } from '../families/index.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A file with this table, as text, and so many bytes behind it. */
function file(table: string | Bytes, bytes = 16, length?: bigint): Bytes {
  const json = typeof table === 'string' ? bytesOf(table) : table;
  const all = new Uint8Array(8 + json.length + bytes);
  new DataView(all.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  all.set(json, 8);
  return all;
}
const entry = (fields: Record<string, unknown> = {}, name = 'w') =>
  JSON.stringify({ [name]: { dtype: 'F32', shape: [4], data_offsets: [0, 16], ...fields } });
const two = (a: readonly number[], b: readonly number[]) =>
  JSON.stringify({
    a: { dtype: 'U8', shape: [a[1]! - a[0]!], data_offsets: a },
    b: { dtype: 'U8', shape: [b[1]! - b[0]!], data_offsets: b },
  });
const raw = (fields: string) =>
  file(`{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]${fields}}}`);

/** Files by themselves. */
export const safetensorsFiles = (): [string, Bytes][] => [
  ['nothing', new Uint8Array(0)],
  ['seven bytes', new Uint8Array(7)],
  ['a table of 0 bytes', file('', 16)],
  ['a table of 1 byte', file('{', 16)],
  ['a table of 100,000,001 bytes', file('{}', 0, 100_000_001n)],
  ['a table of 2^63 bytes', file('{}', 0, 2n ** 63n)],
  ['a table beyond the file', file('{}', 0, 500n)],
  ['a table that is a list', file('[]', 0)],
  ['a table that is a word', file('nul', 0)],
  [
    'a table with a byte order mark',
    file(Uint8Array.from([0xef, 0xbb, 0xbf, ...bytesOf(entry())])),
  ],
  ['a table that is not UTF-8', file(Uint8Array.from([0x7b, 0xff, 0xfe, 0x7d]), 0)],
  ['a table that ends early', file('{"w":{"dtype":"F32"', 0)],
  ['a table with something behind it', file(`${entry()} x`)],
  ['a comma too many', file('{"w":{"dtype":"F32","shape":[4,],"data_offsets":[0,16]}}')],
  ['single quotes', file("{'w':1}", 0)],
  ['a number for a tensor', file('{"w":4}', 0)],
  ['a list for a tensor', file('{"w":[1,2]}', 0)],
  ['no number type', file('{"w":{"shape":[4],"data_offsets":[0,16]}}')],
  ['no shape', file('{"w":{"dtype":"F32","data_offsets":[0,16]}}')],
  ['no offsets', file('{"w":{"dtype":"F32","shape":[4]}}')],
  ['an unknown number type', file(entry({ dtype: 'F33' }))],
  ['the number type constructor', file(entry({ dtype: 'constructor' }))],
  ['a number for the number type', file(entry({ dtype: 1 }))],
  ['a negative size', file(entry({ shape: [-4] }))],
  ['a size with a fraction', file(entry({ shape: [4.5] }))],
  ['a size as text', file(entry({ shape: ['4'] }))],
  [
    'a size of 2^53 + 1',
    file('{"w":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,16]}}'),
  ],
  [
    'a size of 10^30',
    file('{"w":{"dtype":"F32","shape":[1000000000000000000000000000000],"data_offsets":[0,16]}}'),
  ],
  ['sizes whose product overflows', file(entry({ shape: [4294967296, 4294967296] }))],
  ['a shape that is a number', file(entry({ shape: 4 }))],
  ['one offset', file(entry({ data_offsets: [0] }))],
  ['three offsets', file(entry({ data_offsets: [0, 8, 16] }))],
  ['a negative offset', file(entry({ data_offsets: [-16, 0] }))],
  [
    'an offset of 2^53 + 1',
    file('{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,9007199254740993]}}'),
  ],
  ['offsets the wrong way round', file(entry({ data_offsets: [16, 0] }))],
  ['offsets beyond the file', file(entry({ shape: [8], data_offsets: [0, 32] }))],
  ['too few bytes for the shape', file(entry({ data_offsets: [0, 12] }), 12)],
  ['too many bytes for the shape', file(entry({ shape: [3] }))],
  ['a hole before the first', file(entry({ data_offsets: [4, 20] }), 20)],
  ['a hole between two', file(two([0, 4], [8, 16]))],
  ['two that overlap', file(two([0, 10], [8, 16]))],
  ['two in one place', file(two([0, 16], [0, 16]))],
  ['bytes behind the last', file(entry(), 20)],
  ['another file behind the last', Uint8Array.from([...file(entry()), ...bytesOf('PK\x03\x04')])],
  [
    'one name twice',
    file(
      `{"w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"w":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}}`,
    ),
  ],
  ['one field twice', raw(',"shape":[2]')],
  ['an unknown field', raw(',"evil":1')],
  ['a field __proto__', raw(',"__proto__":{"x":1}')],
  ['metadata that is no text', file('{"__metadata__":{"a":1}}', 0)],
  ['metadata that is a list', file('{"__metadata__":[]}', 0)],
  ['metadata with one name twice', file('{"__metadata__":{"a":"1","a":"2"}}', 0)],
  ['a lone surrogate', file('{"\\ud800', 0)],
  ['tables within tables', file(`{"w":${'{"w":'.repeat(2000)}`, 0)],
];

/** Whole checkpoints. */
export function safetensorsCheckpoints(): [string, Files][] {
  const graph = familyGraph('llama', 1);
  const config = { ...llamaJson, num_hidden_layers: 1 };
  const base = () => safetensorsFolder(graph, config);
  const changed = (change: (files: Files) => void): Files => {
    const files = base();
    change(files);
    return files;
  };
  const without = (name: string) =>
    changed((files) => {
      const weights = weightsOf(graph);
      weights.delete(name);
      files.set('model.safetensors', writeSafetensors(weights));
    });
  const index = (map: unknown) =>
    changed((files) => files.set('model.safetensors.index.json', jsonFile(map)));
  return [
    ['a weight that is missing', without('model.layers.0.mlp.up_proj.weight')],
    ['no embedding', without('model.embed_tokens.weight')],
    ['an index without a map', index({})],
    ['an index of numbers', index({ weight_map: { a: 1 } })],
    [
      'an index of files that are not there',
      index({ weight_map: { a: 'model-00001-of-00002.safetensors' } }),
    ],
    ['no config.json', changed((files) => files.delete('config.json'))],
    [
      'the same weights in two files',
      changed((files) => files.set('model-2.safetensors', files.get('model.safetensors')!)),
    ],
    [
      'integer weights',
      changed((files) => {
        const bytes = files.get('model.safetensors')!;
        const text = new TextDecoder('latin1').decode(bytes);
        files.set(
          'model.safetensors',
          Uint8Array.from(text.replaceAll('"F32"', '"I32"'), (c) => c.charCodeAt(0)),
        );
      }),
    ],
  ];
}
