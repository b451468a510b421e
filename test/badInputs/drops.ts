// What people drop: whole checkpoints in every layout, and every way of dropping only half of one.

import { writeSafetensors } from '../../src/models/safetensors.ts';
import {
  bytesOf,
  external,
  type Files,
  jsonFile,
  llamaJson,
  safetensorsFolder,
  tokenizerFiles,
} from '../families/folders.ts';
import { familyBytes, familyConfig, familyGraph } from '../families/index.ts';

export interface Drop {
  readonly files: Files;
  /** Words that say what is missing or wrong; absent where nothing is. */
  readonly says?: string;
  /** It is refused as a whole. */
  readonly throws?: true;
}

const POINTER = bytesOf('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123456\n');

export function dropCases(): [string, Drop][] {
  const model = familyBytes('llama', 1);
  const texts = (at = ''): [string, Uint8Array<ArrayBuffer>][] => [
    ...[...tokenizerFiles()].map(
      ([path, bytes]) => [`${at}${path}`, bytes] as [string, Uint8Array<ArrayBuffer>],
    ),
    [`${at}config.json`, jsonFile(familyConfig)],
  ];
  const drop = (
    files: readonly (readonly [string, Uint8Array<ArrayBuffer>])[],
    says?: string,
  ): Drop => ({
    files: new Map(files),
    ...(says !== undefined && { says }),
  });
  const genAi = jsonFile({
    model: { context_length: 48, decoder: { filename: 'model.onnx' } },
    search: {},
  });
  const split = external(familyGraph('llama', 1), 2);
  const at = (folder: string, files: Files) =>
    [...files].map(([path, bytes]) => [`${folder}${path}`, bytes] as const);
  const weights = [
    ...safetensorsFolder(familyGraph('llama', 1), { ...llamaJson, num_hidden_layers: 1 }),
  ];
  const small = writeSafetensors(new Map([['lora_A', { dims: [1], values: new Float32Array(1) }]]));
  return [
    ['a hub folder', drop([...texts('m/'), ['m/onnx/model.onnx', model]])],
    ['a hub folder two deep', drop([...texts('a/m/'), ['a/m/onnx/model.onnx', model]])],
    [
      'a hub folder with litter',
      drop([
        ...texts('m/'),
        ['m/onnx/model.onnx', model],
        ['m/.DS_Store', bytesOf('x')],
        ['m/.git/config', bytesOf('[core]')],
      ]),
    ],
    [
      'a hub folder with three number types',
      drop([
        ...texts('m/'),
        ['m/onnx/model.onnx', model],
        ['m/onnx/model_fp16.onnx', familyBytes('llama float16', 1)],
        ['m/onnx/model_q4.onnx', familyBytes('contrib llama int4', 1)],
      ]),
    ],
    ['loose files', drop([...texts(), ['model.onnx', model]])],
    ['a renamed model', drop([...texts(), ['llm.bin.onnx', model]])],
    ['weights beside it', drop([...texts(), ...at('', split)])],
    ['weights beside it, in onnx', drop([...texts('m/'), ...at('m/onnx/', split)])],
    [
      'a GenAI folder',
      drop([...tokenizerFiles(), ['model.onnx', model], ['genai_config.json', genAi]]),
    ],
    [
      'a GenAI folder with its data',
      drop([
        ...tokenizerFiles(),
        ...at('', external(familyGraph('llama', 1), 1, 'model.onnx.data')),
        ['genai_config.json', genAi],
      ]),
    ],
    [
      'a GenAI folder without its data',
      drop(
        [
          ...tokenizerFiles(),
          [
            'model.onnx',
            external(familyGraph('llama', 1), 1, 'model.onnx.data').get('model.onnx')!,
          ],
          ['genai_config.json', genAi],
        ],
        'model.onnx.data',
      ),
    ],
    [
      'a GenAI folder without a model',
      drop([...tokenizerFiles(), ['genai_config.json', genAi]], 'drop model.onnx too'),
    ],
    ['safetensors', drop(weights)],
    [
      'safetensors without config.json',
      drop(
        weights.filter(([path]) => path !== 'config.json'),
        'drop config.json too',
      ),
    ],
    [
      'safetensors, one part of two',
      drop(
        [
          ...weights,
          [
            'model.safetensors.index.json',
            jsonFile({ weight_map: { a: 'model-00001-of-00002.safetensors' } }),
          ],
        ],
        'model-00001-of-00002.safetensors',
      ),
    ],
    [
      'an adapter alone',
      drop(
        [
          ['adapter_model.safetensors', small],
          ['adapter_config.json', jsonFile({ peft_type: 'LORA' })],
        ],
        'LoRA adapter',
      ),
    ],
    [
      'a tokenizer alone',
      drop([...tokenizerFiles()], 'This is the tokenizer; drop model.onnx too'),
    ],
    [
      'a configuration alone',
      drop([['config.json', jsonFile(familyConfig)]], 'drop model.onnx and tokenizer.json too'),
    ],
    ['an LFS pointer for the model', drop([...texts(), ['model.onnx', POINTER]], 'git lfs pull')],
    [
      'an LFS pointer for the weights',
      drop(
        [
          ...texts(),
          ['model.onnx', split.get('model.onnx')!],
          ['model.onnx_data', POINTER],
          ['model.onnx_data_1', split.get('model.onnx_data_1')!],
        ],
        'model.onnx_data',
      ),
    ],
    [
      'a part of the weights missing',
      drop(
        [
          ...texts(),
          ['model.onnx', split.get('model.onnx')!],
          ['model.onnx_data', split.get('model.onnx_data')!],
        ],
        'model.onnx_data_1',
      ),
    ],
    [
      'weights alone',
      drop([['model.onnx_data', split.get('model.onnx_data')!]], 'weights without their graph'),
    ],
    [
      'a pickle',
      drop([['pytorch_model.bin', Uint8Array.from([0x80, 2, 0x7d, 0x71, 0])]], 'pickle'),
    ],
    ['a zip file', drop([['model.zip', bytesOf('PK\x03\x04\x14\0')]], 'Unpack it')],
    ['a GGUF file', drop([['model.gguf', bytesOf('GGUF\x03\0\0\0')]], 'GGUF')],
    ['a web page', drop([['model.onnx', bytesOf('<!DOCTYPE html><html></html>')]], 'web page')],
    [
      'a model that is cut off',
      drop([...texts(), ['model.onnx', model.slice(0, model.length / 2)]], 'cut off'),
    ],
    ['an empty file', drop([...texts(), ['model.onnx', new Uint8Array(0)]], 'empty')],
    [
      'two models in two folders',
      drop([
        ...texts('a/'),
        ['a/onnx/model.onnx', model],
        ...texts('b/'),
        ['b/onnx/model.onnx', model],
      ]),
    ],
    [
      'names in other forms of Unicode',
      drop([...texts('caf\u00e9/'), ['caf\u00e9/onnx/model.onnx', model]]),
    ],
    ['nothing', { files: new Map(), throws: true }],
    ['litter only', { files: new Map([['.DS_Store', bytesOf('x')]]), throws: true }],
    [
      '10,000 files',
      {
        files: new Map(
          Array.from({ length: 10_000 }, (_, i) => [`home/${i}.txt`, new Uint8Array(0)]),
        ),
        throws: true,
      },
    ],
  ];
}
