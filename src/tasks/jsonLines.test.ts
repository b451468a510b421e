// What people bring is never quite what was asked for; every line is either an example or named.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJsonLines } from './jsonLines.ts';

const good = '{"prompt": "a", "completion": "b"}';

describe('lines', () => {
  test('what is written is read back, whatever the texts', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 30 });
    const completion = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ prompt: text, completion })), async (examples) => {
        const file = examples.map((example) => JSON.stringify(example)).join('\n');
        const read = await parseJsonLines(file);
        expect(read.problems).toEqual([]);
        expect(read.examples).toEqual(examples.map((one, i) => ({ line: i + 1, ...one })));
      }),
    );
  });

  test('blank lines, Windows line ends and a byte order mark do not matter, numbers stay', async () => {
    const read = await parseJsonLines(`\ufeff${good}\r\n\r\n  \n${good}\r\n`);
    expect(read).toEqual({
      lines: 2,
      problems: [],
      examples: [
        { line: 1, prompt: 'a', completion: 'b' },
        { line: 4, prompt: 'a', completion: 'b' },
      ],
    });
  });

  test('an empty file is no error, and no example', async () => {
    expect(await parseJsonLines('')).toEqual({ lines: 0, problems: [], examples: [] });
  });

  test.each([
    ['prompt: a', 'is not JSON'],
    ['{"prompt": "a", "completion": "b"', 'is not JSON'],
    ['["a", "b"]', 'is not an object with prompt and completion'],
    ['null', 'is not an object with prompt and completion'],
    ['{"prompt": "a"}', 'has no "completion"'],
    ['{"text": "a"}', 'has no "prompt"'],
    ['{"prompt": 3, "completion": "b"}', 'has a "prompt" that is not text'],
    [
      '{"prompt": "a", "completion": ""}',
      'has an empty "completion": there is nothing to learn from it',
    ],
    [
      '{"prompt": "\\ud800", "completion": "b"}',
      'has half of a surrogate pair, which is no character',
    ],
  ])('%s', async (bad, what) => {
    const read = await parseJsonLines(`${good}\n${bad}\n${good}`);
    expect(read.problems).toEqual([{ line: 2, what }]);
    expect(read.examples.map(({ line }) => line)).toEqual([1, 3]);
  });

  test('a large file lets others have a turn', async () => {
    let turns = 0;
    await parseJsonLines(`${good}\n`.repeat(5000), () => void turns++);
    expect(turns).toBe(5);
  });
});
