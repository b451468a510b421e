// Names of one’s own checkpoints, data files and runs.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanName, fileId, localId, parseFileId, parseLocalId, sameContent } from './names.ts';

describe('names of one’s own', () => {
  test('any text becomes a name, which stays as it is and comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const name = cleanName(text);
        expect(cleanName(name)).toBe(name);
        expect(name).toMatch(/^[^./\\:\p{Cc}\p{Cf}][^/\\:\p{Cc}\p{Cf}]*$/u);
        const content = { sha256: '0f'.repeat(32), name };
        expect(parseLocalId(localId(content))).toEqual(content);
        expect(parseFileId(fileId(content))).toEqual(content);
        expect(parseFileId(localId(content))).toBeUndefined();
      }),
    );
  });

  test('what cannot be seen leaves one space behind, not two', () => {
    expect(cleanName('a\t\u0000\tb')).toBe('a b');
  });

  test('the hash decides, not the name', () => {
    const [a, b] = ['aa', 'bb'].map((hex) => hex.repeat(32)) as [string, string];
    expect(sameContent(`local:${a}:x`, `local:${a}:y`)).toBe(true);
    expect(sameContent(`local:${a}:x`, `local:${b}:x`)).toBe(false);
    expect(sameContent('base-small', 'base-small')).toBe(true);
    expect(sameContent('base-small', `local:${a}:base-small`)).toBe(false);
  });
});
