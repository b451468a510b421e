// Every damaged, hostile or foreign ONNX file gives an error that people can read; nothing hangs, and what was loaded
// before still works.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { type Checkpoint, loadCheckpoint } from '../../src/models/checkpoint.ts';
import { memoryFolder } from '../../src/models/folder.ts';
import type { OrtRuntime } from '../../src/models/runtime.ts';
import { jsonFile, tokenizerFiles } from '../families/folders.ts';
import { familyBytes, familyConfig } from '../families/index.ts';
import { onnxCases } from './onnx.ts';
import { expectReadable } from './readable.ts';

let runtime: OrtRuntime;
let loaded: Checkpoint;
const folder = (model: Uint8Array) =>
  memoryFolder(
    'mine',
    new Map<string, Uint8Array>([
      ...tokenizerFiles(),
      ['config.json', jsonFile(familyConfig)],
      ['w.bin', new Uint8Array(48 * 32 * 4)],
      ['other.bin', new Uint8Array(48 * 32 * 4)],
      ['model.onnx', model],
    ]),
  );
beforeAll(async () => {
  runtime = await loadNodeRuntime();
  loaded = await loadCheckpoint(folder(familyBytes('gpt2', 1)), runtime);
});
afterAll(async () => {
  // What was there before is as good as it was.
  const logits = await loaded.model.decoder(loaded.vocab).logits([1, 5, 9], 3);
  expect(logits.rows).toBe(1);
  await loaded.release();
});

const cases = onnxCases();

describe('damaged and hostile ONNX files', () => {
  it('are as many as promised, each another', () => {
    expect(new Set(cases.map(([name]) => name)).size).toBe(cases.length);
    expect(cases.length).toBeGreaterThanOrEqual(120);
  });

  it.each(cases)('%s', async (_, bytes) => {
    await expectReadable(async () => (await loadCheckpoint(folder(bytes), runtime)).release());
  });
});
