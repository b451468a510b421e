import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Cell, TokenCell } from './tokenStream.ts';
import { wordsOf } from './words.ts';

const token = (text: string, state: TokenCell['state'] = 'accepted'): Cell => ({
  kind: 'token',
  at: 0,
  token: 0,
  text,
  by: 'small',
  prob: 1,
  state,
});
const read = (cells: readonly Cell[]) =>
  wordsOf(cells).map((word) =>
    word.map(({ cell }) => (cell.kind === 'token' ? cell.text : '|')).join(''),
  );

test('characters gather into words, each with the blank after it', () =>
  expect(read([...'two one'].map((c) => token(c)))).toEqual(['two ', 'one']));

test('tokens that begin with a blank begin a word', () =>
  expect(read([' two', ' on', 'e'].map((c) => token(c)))).toEqual([' two', ' one']));

test('a blank that was struck out ends nothing', () =>
  expect(read([token('a'), token(' ', 'rolledBack'), token('b')])).toEqual(['a b']));

test('nothing is lost, nothing changes places, no group grows without end', () =>
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', ' ', 'bc', ' d', '\n')), (texts) => {
      const words = wordsOf(texts.map((text) => token(text)));
      expect(words.flat().map(({ index }) => index)).toEqual(texts.map((_, i) => i));
      for (const word of words) expect(word.length).toBeLessThanOrEqual(25);
    }),
  ));
