// Of all the files on a server, what belongs together.
import { expect, it } from 'vitest';
import { choicesOnHub } from './hubChoices.ts';

const listed = (...paths: string[]) => paths.map((path) => ({ path, bytes: 10 }));

it('each number type with its data, its tokenizer and its configuration, and nothing else', () => {
  const files = listed(
    'README.md',
    'config.json',
    'tokenizer.json',
    'preview.png',
    'pytorch_model.bin',
    'onnx/model.onnx',
    'onnx/model.onnx_data',
    'onnx/model.onnx_data_1',
    'onnx/model_q4f16.onnx',
    'onnx/model_q4.onnx',
    'onnx/model_q4.onnx_data',
    'model.safetensors',
  );
  const choices = choicesOnHub(files);
  expect(choices.map(({ path, type }) => [path, type])).toEqual([
    ['onnx/model.onnx', 'float32'],
    ['onnx/model_q4f16.onnx', '4 bit with float16'],
    ['onnx/model_q4.onnx', '4 bit'],
    ['model.safetensors', 'safetensors'],
  ]);
  expect(choices[0]?.files.map(({ path }) => path)).toEqual([
    'README.md',
    'config.json',
    'tokenizer.json',
    'onnx/model.onnx',
    'onnx/model.onnx_data',
    'onnx/model.onnx_data_1',
  ]);
  expect(choices[2]?.bytes).toBe(50);
});

it('a flat folder of onnxruntime-genai', () => {
  const [one] = choicesOnHub(
    listed('genai_config.json', 'model.onnx', 'model.onnx.data', 'tokenizer.json'),
  );
  expect(one?.files).toHaveLength(4);
});

it('a float32 model that is large gives way to a smaller type', () => {
  const large = { path: 'onnx/model.onnx', bytes: 2e9 };
  const [first] = choicesOnHub([large, ...listed('onnx/model_q4.onnx')]);
  expect(first?.type).toBe('4 bit');
});
