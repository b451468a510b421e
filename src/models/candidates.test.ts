// What a heap of files is, by what is in it: which checkpoints, what is missing, and what cannot be used and why.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { externalize } from '../../test/support/externalize.ts';
import { modelBytes, tiny } from '../../test/support/ownDecoder.ts';
import type { DroppedFile } from '../core/dropped.ts';
import { candidatesIn, MOST_FILES } from './candidates.ts';
import { stow } from './stow.ts';

const onnx = modelBytes();
/** The smallest file of that kind. */
function oneNumber(): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
  const bytes = new Uint8Array(12 + header.length);
  bytes[0] = header.length;
  bytes.set(header, 8);
  return bytes;
}
const text = (path: string) => readFileSync(`test/fixtures/torch-small/${path}`, 'utf8');
const tokenizer = text('tokenizer.json');
const config = text('config.json');
const file = (path: string, contents: BlobPart): DroppedFile => ({
  path,
  file: new File([contents], path.split('/').at(-1) as string),
});
const whole = (folder: string) => [
  file(`${folder}/config.json`, config),
  file(`${folder}/tokenizer.json`, tokenizer),
  file(`${folder}/tokenizer_config.json`, text('tokenizer_config.json')),
  file(`${folder}/onnx/model.onnx`, onnx),
];
const only = async (...files: DroppedFile[]) => {
  const found = await candidatesIn(files);
  expect(found).toHaveLength(1);
  return found[0]!;
};
const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n';

describe('checkpoints in what was dropped', () => {
  it('a folder in Hugging Face’s layout is whole', async () => {
    const one = await only(...whole('mine'));
    expect(one).toMatchObject({
      name: 'mine',
      missing: [],
      needsTokenizer: false,
      needsContext: false,
    });
    const { files, weights, original } = stow(
      one,
      { name: 'x', variant: one.variants[0]!.path },
      whole('mine'),
    );
    expect([...files.keys()].sort()).toEqual([
      'config.json',
      'onnx/model.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect([weights, original]).toEqual([['onnx/model.onnx'], 'onnx/model.onnx']);
  });

  it('several at once, nested, with litter between', async () => {
    const found = await candidatesIn([
      ...whole('a/b/one'),
      ...whole('a/two'),
      file('a/.DS_Store', 'x'),
      file('a/__MACOSX/._x', 'x'),
    ]);
    expect(found.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(found.every(({ files }) => files.length === 4)).toBe(true);
  });

  it('renamed files are what they are', async () => {
    const one = await only(file('weights.bin', onnx), file('a.txt', tokenizer), file('b', config));
    expect(one.files.map(({ role }) => role)).toEqual(['model', 'tokenizer', 'config']);
    expect(one).toMatchObject({ missing: [], needsTokenizer: false, needsContext: false });
  });

  it('the tokenizer in another folder belongs to the only model', async () => {
    const one = await only(
      file('top/model/model.onnx', onnx),
      file('top/text/tokenizer.json', tokenizer),
    );
    expect(one.needsTokenizer).toBe(false);
    expect(one.needsContext).toBe(true);
  });

  it('of several number types one is proposed, and all can be chosen', async () => {
    const one = await only(
      ...whole('m'),
      file('m/onnx/model_fp16.onnx', onnx),
      file('m/onnx/model_q4.onnx', onnx),
      file('m/onnx/model_quantized.onnx', onnx),
    );
    expect(one.variants[0]).toMatchObject({ path: 'm/onnx/model.onnx', type: 'float32' });
    expect(one.variants.map(({ type }) => type).sort()).toEqual([
      '4 bit',
      '8 bit',
      'float16',
      'float32',
    ]);
  });

  it('external data is found by the name that the model gives it; what is missing is named', async () => {
    const { model, data } = externalize(onnx, 'model.onnx_data');
    const lone = await only(file('m/model.onnx', model), file('m/tokenizer.json', tokenizer));
    expect(lone.missing).toEqual([
      'model.onnx keeps its weights in model.onnx_data; drop that file too.',
    ]);
    const files = [
      file('model.onnx', model),
      file('model.onnx_data', data),
      file('tokenizer.json', tokenizer),
    ];
    const one = await only(...files);
    expect(one.missing).toEqual([]);
    const stowed = stow(one, { name: 'm', variant: 'model.onnx', context: 32 }, files);
    expect(stowed.weights).toEqual(['onnx/model.onnx', 'onnx/model.onnx_data']);
    expect(await stowed.files.get('config.json')?.text()).toContain('32');
  });

  it('a model that points out of its folder is refused', async () => {
    const { model } = externalize(onnx, '../../secrets');
    const one = await only(file('m/model.onnx', model), file('m/tokenizer.json', tokenizer));
    expect(one.variants).toEqual([]);
    expect(one.files[0]).toMatchObject({
      role: 'refused',
      says: expect.stringContaining('secrets'),
    });
  });

  it('a bare model gets a tokenizer of bytes, or of characters', async () => {
    const files = [file('model.onnx', modelBytes({ ...tiny, vocabulary: 256 }))];
    const one = await only(...files);
    expect(one).toMatchObject({ rows: 256, missing: [], needsTokenizer: true, needsContext: true });
    const choice = { name: 'm', variant: 'model.onnx', context: 16 };
    expect(() => stow(one, choice, files)).toThrow('no tokenizer');
    const bytes = stow(one, { ...choice, tokenizer: { kind: 'bytes' } }, files);
    const made = JSON.parse((await bytes.files.get('tokenizer.json')?.text()) ?? '');
    expect(Object.keys(made.model.vocab)).toHaveLength(256);
    expect(() =>
      stow(one, { ...choice, tokenizer: { kind: 'characters', characters: 'aba' } }, files),
    ).toThrow('twice');
  });

  it('a tokenizer has no more tokens than the model tells apart', async () => {
    const files = [file('model.onnx', onnx)];
    const one = await only(...files);
    expect(one.rows).toBe(79);
    const choice = { name: 'm', variant: 'model.onnx', context: 16 };
    expect(() => stow(one, { ...choice, tokenizer: { kind: 'bytes' } }, files)).toThrow(
      'That would be 256 tokens, and model tells 79 apart.',
    );
    const characters = String.fromCharCode(...Array.from({ length: 79 }, (_, i) => 40 + i));
    stow(one, { ...choice, tokenizer: { kind: 'characters', characters } }, files);
    // A configuration says it where the graph does not.
    const config = file('config.json', '{"model_type": "x", "vocab_size": 300}');
    const safetensors = await only(config, file('model.safetensors', oneNumber()));
    expect(safetensors.rows).toBe(300);
  });
});

describe('what is missing, and what cannot be used', () => {
  it.each<[string, DroppedFile[], string]>([
    ['a tokenizer alone', [file('x', tokenizer)], 'This is the tokenizer; drop model.onnx too'],
    ['a configuration alone', [file('x', config)], 'This is a configuration'],
    [
      'a Git LFS pointer',
      [file('model.onnx', pointer), file('t', tokenizer)],
      'run “git lfs pull”',
    ],
    [
      'pictures',
      [file('a.png', new Uint8Array([137, 80, 78, 71, 0, 1, 2, 3]))],
      'without their graph',
    ],
    ['a description', [file('README.md', '# hello')], 'No model is among these files'],
  ])('%s', async (_, files, says) => {
    const one = await only(...files);
    expect(one.missing.join(' ')).toContain(says);
    expect(one.variants).toEqual([]);
  });

  it.each<[string, BlobPart, string]>([
    ['empty', '', 'empty'],
    ['a web page', '<!doctype html><html></html>', 'web page'],
    ['a zip archive', new Uint8Array([80, 75, 3, 4, 0, 0, 0, 0, 0, 0]), 'zip archive'],
    ['a pickle', new Uint8Array([0x80, 2, 0x63, 0, 1]), 'pickle'],
    ['GGUF', 'GGUF\u0003\u0000\u0000\u0000', 'GGUF'],
    ['broken JSON', '{"model": ', 'damaged'],
    ['a model that is cut off', onnx.slice(0, 5000), 'cut off'],
  ])('%s is refused by name, and says what to do', async (_, contents, says) => {
    const [said] = (await only(file('model.onnx', contents))).files;
    expect(said).toMatchObject({ role: 'refused', says: expect.stringContaining(says) });
    expect(said?.remedy?.length).toBeGreaterThan(8);
  });

  it('a file that was changed after it was dropped', async () => {
    const gone = new File(['x'], 'model.onnx');
    Object.defineProperty(gone, 'slice', {
      value: () => ({ arrayBuffer: () => Promise.reject(new Error('NotReadableError')) }),
    });
    const [said] = (await only({ path: 'model.onnx', file: gone })).files;
    expect(said?.says).toContain('could not be read');
  });

  it('a home folder is refused at once', async () => {
    const many = Array.from({ length: MOST_FILES + 1 }, (_, i) => file(`home/${i}.txt`, ''));
    await expect(candidatesIn(many)).rejects.toThrow('a checkpoint has a few dozen');
    await expect(candidatesIn([file('.DS_Store', 'x')])).rejects.toThrow('no file');
  });
});
