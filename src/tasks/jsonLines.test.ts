// What people's files hold, sooner or later.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonLines } from './jsonLines.ts';

const good = '{"prompt": "2+2=", "completion": "4"}';

describe('a file of JSON Lines', () => {
  it('whatever examples are written come back, each with its line', () => {
    const text = fc.string({ unit: 'grapheme' });
    const example = fc.record({ prompt: text, completion: text.filter((t) => t !== '') });
    fc.assert(
      fc.property(fc.array(example), fc.constantFrom('\n', '\r\n', '\n\n'), (all, end) => {
        const written = all.map((one) => JSON.stringify(one)).join(end);
        const { examples, problems } = parseJsonLines(written);
        expect(problems).toEqual([]);
        const step = end === '\n\n' ? 2 : 1;
        expect(examples).toEqual(all.map((one, i) => ({ line: 1 + i * step, ...one })));
      }),
    );
  });

  it('any text at all is read without an exception, and every line that is not blank is accounted for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { examples, problems } = parseJsonLines(text);
        const lines = text
          .replace(/^\ufeff/, '')
          .split('\n')
          .filter((line) => line.trim() !== '');
        expect(examples.length + problems.length).toBe(lines.length);
      }),
    );
  });

  it('a byte order mark, Windows line ends, blank lines and a missing last line end do not matter', () => {
    const { examples, problems } = parseJsonLines(`\ufeff${good}\r\n\r\n   \t\r\n${good}`);
    expect(problems).toEqual([]);
    expect(examples.map(({ line }) => line)).toEqual([1, 4]);
  });

  it('other fields are left alone, and an empty prompt is one', () => {
    const { examples } = parseJsonLines('{"id": 3, "prompt": "", "completion": "a", "tags": []}');
    expect(examples).toEqual([{ line: 1, prompt: '', completion: 'a' }]);
  });

  it.each([
    ['{"prompt": "a", "completion": "b"', '“{"prompt": "a", "complet…” is not JSON.'],
    ['hello', '“hello” is not JSON.'],
    ['["a", "b"]', 'a list instead of an object with prompt and completion.'],
    ['null', 'null instead of an object with prompt and completion.'],
    ['3', 'a number instead of an object with prompt and completion.'],
    ['"text"', 'text instead of an object with prompt and completion.'],
    ['{}', 'there is no prompt.'],
    [
      '{"input": "a", "completion": "b"}',
      'there is no prompt. Its fields are “input”, “completion”.',
    ],
    ['{"prompt": "a"}', 'there is no completion. Its fields are “prompt”.'],
    ['{"prompt": ["a"], "completion": "b"}', 'the prompt is a list instead of text.'],
    ['{"prompt": "a", "completion": 4}', 'the completion is a number instead of text.'],
    ['{"prompt": "a", "completion": null}', 'the completion is null instead of text.'],
    ['{"prompt": "a", "completion": {}}', 'the completion is an object instead of text.'],
    ['{"prompt": "a", "completion": ""}', 'the completion is empty: nothing to learn.'],
    [
      '{"prompt": "\\ud83d", "completion": "b"}',
      'the prompt holds half of a character (a lone surrogate).',
    ],
    [
      '{"__proto__": {"prompt": "a", "completion": "b"}}',
      'there is no prompt. Its fields are “__proto__”.',
    ],
  ])('%s is named with its line', (line, what) => {
    const { examples, problems } = parseJsonLines(`${good}\n\n${line}\n${good}`);
    expect(problems).toEqual([{ line: 3, what }]);
    expect(examples.map((one) => one.line)).toEqual([1, 4]);
  });

  it('what is shown of a file is short and cannot turn the text around', () => {
    const [problem] = parseJsonLines(`\u202e\u0007${'x'.repeat(1e6)}`).problems;
    expect(problem?.what).toBe(`“\u{fffd}\u{fffd}${'x'.repeat(22)}…” is not JSON.`);
  });

  it('a file of many lines takes time in proportion', () => {
    const lines = 100_000;
    const { examples } = parseJsonLines(`${good}\n`.repeat(lines));
    expect(examples.length).toBe(lines);
    expect(examples.at(-1)?.line).toBe(lines);
  });
});
