// tokenizer.json files that are damaged, contradict themselves or belong to another model, and texts that slow patterns
// could choke on. (Chat templates are in src/models/chatTemplate.test.ts.)

import { readFileSync } from 'node:fs';
import { bytesOf, jsonFile } from '../families/folders.ts';

type Json = Record<string, unknown> & { model: Record<string, unknown> };
const good = (): Json => JSON.parse(readFileSync('recipes/tokenizer/tokenizer.json', 'utf8'));
const changed = (change: (json: Json) => unknown): Uint8Array<ArrayBuffer> => {
  const json = good();
  change(json);
  return jsonFile(json);
};
const model = (values: Record<string, unknown>) =>
  changed((json) => Object.assign(json.model, values));

export const tokenizerCases = (): [string, Uint8Array<ArrayBuffer>][] => [
  ['nothing', new Uint8Array(0)],
  ['a list', bytesOf('[]')],
  ['null', bytesOf('null')],
  ['text', bytesOf('"text"')],
  ['cut off', jsonFile(good()).slice(0, 500)],
  ['not UTF-8', Uint8Array.from([0x7b, 0xff, 0xfe, 0x7d])],
  ['UTF-16', new Uint8Array(new Uint16Array([...'{}'].map((c) => c.charCodeAt(0))).buffer)],
  ['an LFS pointer', bytesOf('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n')],
  ['a web page', bytesOf('<html></html>')],
  ['a protobuf', Uint8Array.from([10, 12, 10, 5, 60, 117, 110, 107, 62])],
  ['a configuration', jsonFile({ model_type: 'llama' })],
  ['no model', changed((json) => Reflect.deleteProperty(json, 'model'))],
  ['a model that is null', changed((json) => Object.assign(json, { model: null }))],
  ['a model that is text', changed((json) => Object.assign(json, { model: 'BPE' }))],
  ['a model that is a list', changed((json) => Object.assign(json, { model: [] }))],
  ['no added tokens', changed((json) => Reflect.deleteProperty(json, 'added_tokens'))],
  ['added tokens that are an object', changed((json) => Object.assign(json, { added_tokens: {} }))],
  ['added tokens of nothing', changed((json) => Object.assign(json, { added_tokens: [null] }))],
  ['added tokens of numbers', changed((json) => Object.assign(json, { added_tokens: [1, 2] }))],
  [
    'an added token without an id',
    changed((json) => Object.assign(json, { added_tokens: [{ content: '<x>' }] })),
  ],
  [
    'an added token with a negative id',
    changed((json) => Object.assign(json, { added_tokens: [{ id: -1, content: '<x>' }] })),
  ],
  [
    'an added token at 2^31',
    changed((json) => Object.assign(json, { added_tokens: [{ id: 2 ** 31, content: '<x>' }] })),
  ],
  [
    'an added token at 10^9',
    changed((json) => Object.assign(json, { added_tokens: [{ id: 1e9, content: '<x>' }] })),
  ],
  [
    'an added token with a fraction for an id',
    changed((json) => Object.assign(json, { added_tokens: [{ id: 0.5, content: '<x>' }] })),
  ],
  ['an unknown model', model({ type: 'Quantum' })],
  ['a model type that is a number', model({ type: 4 })],
  ['the model type constructor', model({ type: 'constructor' })],
  ['no vocabulary', changed((json) => Reflect.deleteProperty(json.model, 'vocab'))],
  ['an empty vocabulary', model({ vocab: {} })],
  ['a vocabulary that is null', model({ vocab: null })],
  ['a vocabulary of text', model({ vocab: { a: 'b' } })],
  ['a vocabulary of fractions', model({ vocab: { a: 0.5 } })],
  ['a vocabulary below 0', model({ vocab: { a: -1, b: 0 } })],
  ['a vocabulary at 2^53', model({ vocab: { a: 2 ** 53 } })],
  ['two tokens with one id', model({ vocab: { a: 3, b: 3 } })],
  [
    'a gap of a million',
    changed((json) => Object.assign(json.model.vocab as object, { far: 1_000_000 })),
  ],
  [
    'a vocabulary three times as large',
    model({ vocab: Object.fromEntries(Array.from({ length: 240 }, (_, i) => [`t${i}`, i])) }),
  ],
  [
    'a vocabulary of 600,000',
    model({ vocab: Object.fromEntries(Array.from({ length: 600_000 }, (_, i) => [`t${i}`, i])) }),
  ],
  ['merges that are null', model({ type: 'BPE', merges: null })],
  ['merges that are numbers', model({ type: 'BPE', merges: [1, 2] })],
  [
    'merges of unknown tokens',
    model({ type: 'BPE', merges: [['never', 'seen']], vocab: { a: 0 } }),
  ],
  [
    'an unknown normaliser',
    changed((json) => Object.assign(json, { normalizer: { type: 'Quantum' } })),
  ],
  ['a normaliser that is text', changed((json) => Object.assign(json, { normalizer: 'NFC' }))],
  [
    'an unknown pre-tokenizer',
    changed((json) => Object.assign(json, { pre_tokenizer: { type: 'Quantum' } })),
  ],
  ['an unknown decoder', changed((json) => Object.assign(json, { decoder: { type: 'Quantum' } }))],
  [
    'an unknown post-processor',
    changed((json) => Object.assign(json, { post_processor: { type: 'Quantum' } })),
  ],
  [
    'a pattern that is none',
    changed((json) =>
      Object.assign(json, {
        pre_tokenizer: {
          type: 'Split',
          pattern: { Regex: '(' },
          behavior: 'Isolated',
          invert: false,
        },
      }),
    ),
  ],
  [
    'a pattern with a bad class',
    changed((json) =>
      Object.assign(json, {
        pre_tokenizer: {
          type: 'Split',
          pattern: { Regex: '[z-a]' },
          behavior: 'Isolated',
          invert: false,
        },
      }),
    ),
  ],
  [
    'a pattern that is a number',
    changed((json) =>
      Object.assign(json, {
        pre_tokenizer: {
          type: 'Split',
          pattern: { Regex: 5 },
          behavior: 'Isolated',
          invert: false,
        },
      }),
    ),
  ],
  [
    'a replacement that is a list',
    changed((json) =>
      Object.assign(json, { normalizer: { type: 'Replace', pattern: {}, content: [] } }),
    ),
  ],
  [
    'a sequence of nothing',
    changed((json) =>
      Object.assign(json, { normalizer: { type: 'Sequence', normalizers: [null] } }),
    ),
  ],
  [
    'sequences within sequences',
    bytesOf(
      JSON.stringify({ ...good(), normalizer: 'HERE' }).replace(
        '"HERE"',
        `${'{"type":"Sequence","normalizers":['.repeat(5000)}{"type":"NFC"}${']}'.repeat(5000)}`,
      ),
    ),
  ],
];

/** tokenizer_config.json beside a good tokenizer. */
export const tokenizerConfigCases = (): [string, Uint8Array<ArrayBuffer>][] => [
  ['config: nothing', new Uint8Array(0)],
  ['config: a list', bytesOf('[]')],
  ['config: cut off', bytesOf('{"a":')],
  ['config: a web page', bytesOf('<html>')],
  ['config: not UTF-8', Uint8Array.from([0x7b, 0xff])],
  ['config: text', bytesOf('"x"')],
  ['config: null', bytesOf('null')],
];
