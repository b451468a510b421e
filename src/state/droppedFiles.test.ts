// What is dropped is found, wherever it lies in its folders, and nothing else.
import { expect, it } from 'vitest';
import { type Entry, filesOf, walk } from './droppedFiles.ts';

type Tree = { [name: string]: Tree | string | Error };

/** Lots of three, as browsers give lots of a hundred. */
function entry(name: string, node: Tree | string | Error): Entry {
  if (typeof node === 'string' || node instanceof Error) {
    return {
      name,
      isFile: true,
      isDirectory: false,
      file: (found, failed) =>
        node instanceof Error ? failed(node) : found(new File([node], name)),
    };
  }
  return {
    name,
    isFile: false,
    isDirectory: true,
    createReader() {
      const left = Object.entries(node).map(([inner, value]) => entry(inner, value));
      return { readEntries: (found) => found(left.splice(0, 3)) };
    },
  };
}
const pathsOf = async (...entries: (Entry | File)[]) =>
  (await walk(entries)).files.map(({ path }) => path).sort();

it('folders in folders, several at once, and loose files', async () => {
  const many = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`${i}.txt`, 'x']));
  expect(
    await pathsOf(
      entry('one', {
        'config.json': '{}',
        onnx: { 'model.onnx': 'x', deep: { deeper: { f: 'x' } } },
      }),
      entry('two', many),
      new File(['x'], 'loose.onnx'),
    ),
  ).toEqual([
    'loose.onnx',
    'one/config.json',
    'one/onnx/deep/deeper/f',
    'one/onnx/model.onnx',
    ...Object.keys(many).map((name) => `two/${name}`),
  ]);
});

it('what systems leave behind is passed over, and its folders are not walked', async () => {
  const asked: string[] = [];
  const git: Entry = {
    ...entry('.git', {}),
    createReader: () => {
      asked.push('.git');
      return { readEntries: (found) => found([]) };
    },
  };
  expect(
    await pathsOf(
      git,
      entry('m', { '.DS_Store': 'x', 'Thumbs.db': 'x', '._model.onnx': 'x', 'model.onnx': 'x' }),
      entry('__MACOSX', { 'model.onnx': 'x' }),
    ),
  ).toEqual(['m/model.onnx']);
  expect(asked).toEqual([]);
  const picked = ['m/config.json', 'm/.DS_Store', '__MACOSX/m/config.json'].map((path) =>
    Object.defineProperty(new File([''], path.split('/').at(-1) as string), 'webkitRelativePath', {
      value: path,
    }),
  );
  expect(filesOf(picked).map(({ path }) => path)).toEqual(['m/config.json']);
});

it('a file that the browser may not read is counted, and the others are there', async () => {
  const found = await walk([entry('m', { a: 'x', b: new Error('NotReadableError'), c: 'x' })]);
  expect(found.files.map(({ path }) => path)).toEqual(['m/a', 'm/c']);
  expect(found.unread).toBe(1);
});
