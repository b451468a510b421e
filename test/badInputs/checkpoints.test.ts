// Damaged safetensors, tokenizers and configurations: an error that people can read for each, and drops that name what
// they lack.

import { beforeAll, describe, expect, it } from 'vitest';
import { loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { candidatesIn } from '../../src/models/candidates.ts';
import { loadCheckpoint } from '../../src/models/checkpoint.ts';
import { memoryFolder } from '../../src/models/folder.ts';
import type { OrtRuntime } from '../../src/models/runtime.ts';
import { headerLength, parseSafetensors } from '../../src/models/safetensors.ts';
import { type Files, jsonFile, tokenizerFiles } from '../families/folders.ts';
import { familyBytes, familyConfig } from '../families/index.ts';
import { configCases } from './configs.ts';
import { dropCases } from './drops.ts';
import { expectReadable } from './readable.ts';
import { safetensorsCheckpoints, safetensorsFiles } from './safetensors.ts';
import { tokenizerCases, tokenizerConfigCases } from './tokenizers.ts';

let runtime: OrtRuntime;
beforeAll(async () => {
  runtime = await loadNodeRuntime();
});
const load = async (files: Files) =>
  (await loadCheckpoint(memoryFolder('mine', files), runtime)).release();

describe('safetensors', () => {
  const [alone, whole] = [safetensorsFiles(), safetensorsCheckpoints()];
  it('are as many as promised', () => {
    expect(alone.length + whole.length).toBeGreaterThanOrEqual(60);
  });
  it.each(alone)('%s', async (_, bytes) => {
    await expectReadable(() => {
      const length = headerLength(bytes.subarray(0, 9), bytes.length, 'mine.safetensors');
      parseSafetensors(bytes.subarray(0, length), bytes.length, 'mine.safetensors');
    });
  });
  it.each(whole)('%s', async (_, files) => {
    await expectReadable(() => load(files));
  });
});

describe('configurations', () => {
  const cases = configCases();
  it('are as many as promised', () => expect(cases.length).toBeGreaterThanOrEqual(40));
  it.each(cases)('%s', async (_, files) => {
    await expectReadable(() => load(files));
  });
});

describe('tokenizers', () => {
  const model = familyBytes('llama', 1);
  const base = (): Files =>
    new Map([...tokenizerFiles(), ['config.json', jsonFile(familyConfig)], ['model.onnx', model]]);
  const cases = [
    ...tokenizerCases().map(
      ([name, bytes]) => [name, base().set('tokenizer.json', bytes)] as const,
    ),
    ...tokenizerConfigCases().map(
      ([name, bytes]) => [name, base().set('tokenizer_config.json', bytes)] as const,
    ),
  ];
  it('are, with the ten hostile chat templates, as many as promised', () =>
    expect(cases.length + 10).toBeGreaterThanOrEqual(60));
  it.each(cases)('%s', async (_, files) => {
    await expectReadable(() => load(files));
  });
});

describe('drops', () => {
  const cases = dropCases();
  it('are as many as promised', () => expect(cases.length).toBeGreaterThanOrEqual(30));
  it.each(cases)('%s', async (_, { files, says, throws }) => {
    const dropped = [...files].map(([path, bytes]) => ({ path, file: new Blob([bytes]) }));
    if (throws) return expectReadable(() => candidatesIn(dropped));
    const found = await candidatesIn(dropped);
    const words = found.flatMap(({ missing, files: all }) => [
      ...missing,
      ...all.flatMap((one) => (one.role === 'refused' ? [one.says, one.remedy ?? ''] : [])),
    ]);
    if (says === undefined) expect(words).toEqual([]);
    else expect(words.join(' ')).toContain(says);
  });
});
