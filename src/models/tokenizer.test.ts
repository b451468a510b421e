// Text to ids and back: the tokens of the built-in pair, prompts that cannot be read, and tokenizers of other
// kinds than ours.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import { makeTokenizer } from './tokenizer.ts';

const json = (path: string) => JSON.parse(readFileSync(`public/models/base-small/${path}`, 'utf8'));
const builtin = makeTokenizer('tiny', json('tokenizer.json'), json('tokenizer_config.json'), 1);

/** A word-level vocabulary with the parts that matter here. */
const words = (vocab: readonly string[], rest: object = {}, config: object = {}) =>
  makeTokenizer(
    'words',
    {
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: 'Whitespace' },
      post_processor: null,
      decoder: null,
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: Object.fromEntries(['[UNK]', ...vocab].map((token, id) => [token, id])),
      },
      ...rest,
    },
    { ...config },
  );

function problem(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError && error.code === 'prompt')
      return `${error.message} ${error.remedy}`;
    throw error;
  }
  throw new Error('nothing went wrong');
}

describe('the built-in tokenizer', () => {
  it('begins every prompt with <bos>, once, also an empty one', () => {
    expect(builtin.encode('')).toEqual([1]);
    expect(builtin.encode('a1')).toEqual([1, 5, 32]);
    expect(builtin.encode('<bos>a1')).toEqual([1, 5, 32]);
    expect(builtin.bos).toBe(1);
    expect(builtin.size).toBe(79);
  });

  it('reads a text that writes its special tokens itself: each is one id, and none is added', () => {
    expect(builtin.encodeWritten('<bos>a<eos>1')).toEqual([1, 5, 2, 32]);
    expect(builtin.encodeWritten('a1')).toEqual([5, 32]);
    // A marker's characters need not be in the vocabulary; those between markers must.
    expect(problem(() => builtin.encodeWritten('<eos>€<bos>'))).toContain('“€” (U+20AC)');
    expect(problem(() => builtin.encodeWritten('<eos><bos>€'))).not.toContain('“<”');
    expect(problem(() => builtin.encodeWritten(''))).toContain('makes nothing of the prompt');
  });

  it('decode undoes encode, and pieces joined are the text', () => {
    const alphabet = builtin.entries.filter((entry) => entry?.length === 1) as string[];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...alphabet), { maxLength: 60 }), (characters) => {
        const text = characters.join('');
        const ids = builtin.encode(text);
        expect(builtin.decode(ids)).toBe(text);
        expect(ids.slice(1).map(builtin.piece).join('')).toBe(text);
      }),
    );
  });

  it('names special tokens as pieces and leaves them out of texts', () => {
    expect(builtin.piece(2)).toBe('<eos>');
    expect(builtin.piece(500)).toBe('<500>');
    expect(builtin.decode([1, 5, 2])).toBe('a');
    expect(builtin.decode([])).toBe('');
    expect(builtin.idOf('<eos>')).toBe(2);
  });

  it('names the characters that it cannot read, each once', () => {
    expect(problem(() => builtin.encode('say 4€: '))).toBe(
      'The prompt has 1 character that tiny cannot read: “€” (U+20AC). Leave them out, or choose a checkpoint whose vocabulary has them.',
    );
    expect(problem(() => builtin.encode('naïve\tnaïve 😀'))).toBe(
      'The prompt has 3 characters that tiny cannot read: “ï” (U+00EF), U+0009, “😀” (U+1F600). Leave them out, or choose a checkpoint whose vocabulary has them.',
    );
    const many = Array.from({ length: 20 }, (_, i) => String.fromCodePoint(0x3b1 + i)).join('');
    expect(problem(() => builtin.encode(many))).toContain('and 8 more.');
  });

  it('never loses anything silently: what is encoded decodes to what was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        let ids: number[];
        try {
          ids = builtin.encode(text);
        } catch (error) {
          return error instanceof UserError && error.code === 'prompt';
        }
        return builtin.decode(ids) === text;
      }),
    );
  });
});

describe('other tokenizers', () => {
  it('may fold white space, but not lose words', () => {
    const tokenizer = words(['big', 'little', '##r']);
    expect(tokenizer.encode('big  little\nbigr')).toEqual([1, 2, 1, 3]);
    expect(problem(() => tokenizer.encode('big ζ'))).toContain('“ζ” (U+03B6)');
  });

  it('without a beginning-of-text token cannot read nothing', () => {
    expect(problem(() => words(['a']).encode(''))).toBe(
      'The prompt is empty, and words has no token that begins a text. Write at least one character.',
    );
  });

  it('get <bos> from their own configuration before the model’s', () => {
    const added_tokens = [{ id: 3, content: '<s>', special: true }];
    const config = { bos_token: { content: '<s>' } };
    expect(words(['a', 'b'], { added_tokens }, config).encode('a')).toEqual([3, 1]);
    expect(words(['a', 'b'], { added_tokens }, { bos_token: null }).encode('a')).toEqual([1]);
    const only = { ...config, add_bos_token: false };
    expect(words(['a', 'b'], { added_tokens }, only).encode('a')).toEqual([1]);
    expect(words(['a', 'b'], { added_tokens }, only).encode('')).toEqual([3]);
  });
});
