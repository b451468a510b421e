// Nothing to answer, and nothing to learn from: said in a sentence, with what to do.

import { expect, test } from 'vitest';
import { experimentOf, tableRoom } from '../../test/support/recordedRun.ts';
import { decode } from '../experiment/link.ts';
import { parseJsonLines } from '../tasks/jsonLines.ts';
import { evaluate } from './evaluate.ts';
import { fileSource } from './examples.ts';
import { fileQuestions } from './questions.ts';

test('a link with no problems says so, and a usual number is taken', () => {
  const { experiment, problems } = decode('#v=1&mode=evaluate&problems=0');
  expect(problems).toEqual([
    `problems=0: expected an integer in [1, 2000]; using ${experiment.problems}.`,
  ]);
  expect(experiment.problems).toBeGreaterThan(0);
});

test('an evaluation of nothing is refused before anything is answered', async () => {
  const nothing = experimentOf({ mode: 'evaluate', problems: 0 });
  const events = evaluate(nothing, tableRoom(), () => false);
  await expect(events.next()).rejects.toMatchObject({
    code: 'experiment',
    message: 'An evaluation of 0 problems measures nothing.',
    remedy: expect.stringContaining('Set Problems to 1 or more'),
  });
});

test.each(['', '\ufeff', '\n \n\t\n'])('a data file without lines (%j)', async (text) => {
  const lines = await parseJsonLines(text);
  expect(lines).toEqual({ examples: [], problems: [], lines: 0 });
  const texts = undefined as never;
  expect(() => fileSource({ examples: [], lines: [], problems: [] }, 1)).toThrow(
    expect.objectContaining({
      code: 'data',
      message: 'The data file has no examples.',
      remedy: 'Put one {"prompt": "…", "completion": "…"} on each line.',
    }),
  );
  expect(() => fileQuestions({ questions: [], prompts: [], problems: [] }, 1, texts, 9)).toThrow(
    expect.objectContaining({ code: 'data', message: 'The data file has no questions.' }),
  );
});
