// Which checkpoints a role can be given to.

import { expect, test } from 'vitest';
import type { KeptCheckpoint } from '../core/kept.ts';
import { checkpoints } from '../experiment/catalogue.ts';
import type { Stored } from '../worker/protocol.ts';
import { choicesFor } from './choices.ts';

const [BASE = ''] = Object.keys(checkpoints);
const id = (letter: string, name: string) => `local:${letter.repeat(64)}:${name}`;
const kept = (
  letter: string,
  name: string,
  more: Partial<KeptCheckpoint> = {},
): KeptCheckpoint => ({
  id: id(letter, name),
  name,
  bytes: 2_000_000,
  parameters: 150_000,
  step: 10,
  scores: { accuracy: 0.75 },
  measuredAt: 10,
  base: BASE,
  recipe: '',
  saved: 0,
  ...more,
});
const stored = (...all: KeptCheckpoint[]): Stored => ({
  checkpoints: all,
  data: [],
  runs: [],
  resumable: [],
  ongoing: [],
  downloads: [],
  lasting: false,
  bytes: 0,
  where: 'browser',
});

test('built-in checkpoints and kept ones, with their score and size; not what is in the trash', () => {
  const all = stored(kept('a', 'one'), kept('b', 'two', { deleted: 1 }));
  const { builtIn, kept: own, missing } = choicesFor(BASE, all);
  expect(builtIn.map((choice) => choice.id)).toEqual(Object.keys(checkpoints));
  expect(own).toHaveLength(1);
  expect(own[0]?.label).toMatch(/^one, 75.%/);
  expect(own[0]?.about).toMatch(/150.k parameters, 2\.0.MB/);
  expect(missing).toEqual([]);
});

test('a renamed checkpoint is still the one that was chosen', () => {
  const chosen = id('a', 'as the link calls it');
  const { kept: own, missing } = choicesFor(chosen, stored(kept('a', 'as it is called here')));
  expect(own.map((choice) => choice.id)).toEqual([chosen]);
  expect(missing).toEqual([]);
});

test('one that a link names and that is not here is said to be missing', () => {
  const chosen = id('c', 'elsewhere');
  expect(choicesFor(chosen, stored()).missing).toMatchObject([
    { id: chosen, label: 'elsewhere (not here)' },
  ]);
});
