// Every damaged, hostile or foreign ONNX file gives an error that people can read; nothing hangs, and what was loaded
// before still works.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { type Checkpoint, loadCheckpoint } from '../../src/models/checkpoint.ts';
import { memoryFolder } from '../../src/models/folder.ts';
import type { OrtRuntime } from '../../src/models/runtime.ts';
import { familyBytes } from '../families/index.ts';
import { badInputs, withModel } from './all.ts';
import { expectReadable } from './readable.ts';

let runtime: OrtRuntime;
let loaded: Checkpoint;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
  const files = withModel(familyBytes('gpt2', 1));
  loaded = await loadCheckpoint(memoryFolder('mine', files), runtime);
});
afterAll(async () => {
  // What was there before is as good as it was.
  const logits = await loaded.model.decoder(loaded.vocab).logits([1, 5, 9], 3);
  expect(logits.rows).toBe(1);
  await loaded.release();
});

const cases = badInputs().filter(({ kind }) => kind === 'ONNX');

describe('damaged and hostile ONNX files', () => {
  it('are as many as promised, each another', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    expect(cases.length).toBeGreaterThanOrEqual(120);
  });

  it.each(cases)('$name', ({ run }) => expectReadable(() => run(runtime)));
});
