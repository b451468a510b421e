// A kernel is two files that must say the same: names, bindings, parameters, entry points, chunk size.

import { expect, test } from 'vitest';
import libChunks from '../../shaders/lib/chunks.wgsl?raw';
import { kernels } from './index.ts';
import { MAX_VOCAB } from './kept.ts';
import { type Kernel, readOnly } from './kernel.ts';
import { CHUNK } from './rows.ts';

const files = import.meta.glob('../../shaders/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const stems = Object.keys(files).map((path) => path.replace(/^.*\/|\.wgsl$/g, ''));
const all = Object.entries<Kernel>(kernels);

test('every shader is a kernel of the same name, and the other way round', () => {
  expect(stems.sort()).toEqual(Object.keys(kernels).sort());
  for (const [name, kernel] of all) expect(kernel.name).toBe(name);
});

test.each(all)('%s: bindings, parameters and entry points are as declared', (_, kernel) => {
  const first = kernel.cases[0];
  if (!first) throw new Error('a kernel without cases');
  const { params } = first.make();
  const bindings = [...kernel.wgsl.matchAll(/@binding\((\d+)\) var<([^>]+)> (\w+)/g)].map(
    ([, index, space, name]) => `${index} ${space} ${name}`,
  );
  const storage = (access: string) => (name: string) => `storage, ${access} ${name}`;
  const declared = [
    ...readOnly(kernel).map(storage('read')),
    ...Object.keys(kernel.outputs).map(storage('read_write')),
    ...Object.keys(kernel.scratch?.(params) ?? {}).map(storage('read_write')),
    'uniform params',
  ].map((text, index) => `${index} ${text}`);
  expect(bindings).toEqual(declared);
  expect(declared.length - 1, 'storage buffers').toBeLessThanOrEqual(8);

  const struct = /struct Params \{([^}]*)\}/.exec(kernel.wgsl)?.[1] ?? '';
  const members = [...struct.matchAll(/(\w+): (\w+),/g)].map(([, name, type]) => [name, type]);
  expect(members).toEqual(Object.entries(kernel.params));

  const text = [...kernel.lib.map((source) => source.text), kernel.wgsl].join('\n');
  const entryPoints = [...text.matchAll(/@compute[^\n]*\nfn (\w+)/g)].map(([, name]) => name);
  for (const { make } of kernel.cases.slice(0, 12)) {
    for (const { entryPoint } of kernel.passes(make().params)) {
      expect(entryPoints).toContain(entryPoint);
    }
  }
  expect(text.match(/subgroup|enable f16/), 'plain f32 without subgroups').toBeNull();
});

test('chunks are as long, and rows as wide, in WGSL as in TypeScript', () => {
  const constant = (name: string) =>
    Number(new RegExp(`${name}: u32 = (\\d+)u`).exec(libChunks)?.[1]);
  expect(constant('CHUNK')).toBe(CHUNK);
  expect(constant('CHUNK') * constant('MAX_CHUNKS')).toBe(MAX_VOCAB);
});
