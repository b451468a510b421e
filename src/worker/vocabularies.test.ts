// What is told of vocabularies before anything runs: from the tokenizers alone, the same for two checkpoints exactly
// when they share one.

import { expect, test } from 'vitest';
import { diskFolder } from '../../cli/nodeRuntime.ts';
import { bytesOf, type Files, jsonFile, tokenizerFiles } from '../../test/families/folders.ts';
import { familyConfig } from '../../test/families/index.ts';
import { largerVocabulary, swappedVocabulary } from '../../test/support/brokenCheckpoints.ts';
import { checkpoints as builtIn } from '../experiment/catalogue.ts';
import { blobFolder } from '../models/folder.ts';
import { MODEL_FILE } from '../store/store.ts';
import { readVocabularies } from './modelErrands.ts';

const filesOf = (change: (json: string) => string): Files => {
  const files = tokenizerFiles();
  const json = change(new TextDecoder().decode(files.get('tokenizer.json')));
  files.set('tokenizer.json', bytesOf(json));
  // No weights: nobody reads them.
  return files.set('config.json', jsonFile(familyConfig)).set(MODEL_FILE, bytesOf(''));
};
const own: Readonly<Record<string, Files>> = {
  same: filesOf((json) => json),
  swapped: filesOf(swappedVocabulary),
  larger: filesOf((json) => largerVocabulary(json, 3)),
  broken: filesOf(() => '{'),
};
const folderOf = async (id: string) => {
  const files = own[id];
  if (!files) return diskFolder(`public/models/${id}`);
  return blobFolder(id, new Map([...files].map(([path, bytes]) => [path, new Blob([bytes])])));
};
const read = async (...checkpoints: string[]) =>
  (await readVocabularies({ type: 'vocabularies', request: 1, checkpoints }, folderOf))
    .vocabularies;

test('the same for those that share one, also where two tokens have changed places', async () => {
  const found = await read('base-small', 'same', 'swapped', 'larger');
  const base = found['base-small']!;
  expect(found.same).toEqual(base);
  expect(found.swapped).toEqual({ tokens: base.tokens, fingerprint: expect.any(String) });
  expect(found.swapped!.fingerprint).not.toBe(base.fingerprint);
  expect(found.larger!.tokens).toBe(base.tokens + 3);
});

test('a checkpoint that is broken says nothing, and keeps no other from it', async () => {
  expect(Object.keys(await read('broken', 'base-large'))).toEqual(['base-large']);
});

test('the built-in checkpoints share one, so that the page need not ask', async () => {
  const found = await read(...Object.keys(builtIn));
  expect(new Set(Object.values(found).map(({ fingerprint }) => fingerprint)).size).toBe(1);
  expect(Object.keys(found)).toHaveLength(Object.keys(builtIn).length);
});
