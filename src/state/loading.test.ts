import { expect, test } from 'vitest';
import { experimentOf } from '../../test/support/recordedRun.ts';
import { THIN } from './format.ts';
import { loadLines } from './loading.ts';
import { newRun, receive } from './run.ts';

const plain = (text: string) => text.replaceAll(THIN, ' ');
const begun = newRun(1, experimentOf(), false);

test('before anything is known, everything waits', () =>
  expect(loadLines(begun).map(({ part, text }) => [part, text])).toEqual([
    ['runtime', 'waiting'],
    ['small', 'waiting'],
    ['large', 'waiting'],
  ]));

test('bytes are shown as bytes, other stages by name, and a model under way proves the runtime', () => {
  const run = receive(begun, {
    type: 'progress',
    run: 1,
    progress: { stage: 'download', role: 'large', loaded: 1_200_000, total: 2_400_000 },
  });
  const lines = loadLines(run);
  expect(lines[0]).toMatchObject({ part: 'runtime', done: 1 });
  expect(lines[2]).toMatchObject({ part: 'large', title: 'Large, tuned', done: 0.5 });
  expect(plain(lines[2]?.text ?? '')).toBe('reading the checkpoint: 1.2 MB of 2.4 MB');
  const warming = receive(run, {
    type: 'progress',
    run: 1,
    progress: { stage: 'warmUp', role: 'large' },
  });
  expect(loadLines(warming)[2]).toEqual({
    part: 'large',
    title: 'Large, tuned',
    text: 'warming up',
  });
});

test('only the models that are needed are shown', () => {
  const alone = newRun(1, experimentOf({ method: 'greedy', params: { model: 'small' } }), false);
  expect(loadLines(alone).map((line) => line.part)).toEqual(['runtime', 'small']);
});
