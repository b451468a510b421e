// Tokenizers for models that came without one and do not need more: a token per byte, or a token per character of an
// alphabet. Written as tokenizer.json, so that from then on the checkpoint is like any other.

import { UserError } from '../core/errors.ts';

type Json = Readonly<Record<string, unknown>>;

const tokenizer = (vocab: Json, rest: Json): Json => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  post_processor: null,
  ...rest,
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: '',
    end_of_word_suffix: '',
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab,
    merges: [],
  },
});

/** Id = byte, of the text's UTF-8. Bytes are written as GPT-2 writes them (openai/gpt-2, src/encoder.py). */
export function byteTokenizer(): Json {
  const vocab: Record<string, number> = {};
  let above = 256;
  for (let byte = 0; byte < 256; byte++) {
    const plain = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    vocab[String.fromCharCode(plain ? byte : above++)] = byte;
  }
  const level = {
    type: 'ByteLevel',
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: false,
  };
  return tokenizer(vocab, { pre_tokenizer: level, decoder: level });
}

/**
 * Id = place in `characters`.
 * @throws UserError 'tokenizer' when one is there twice, or there are none
 */
export function characterTokenizer(characters: string): Json {
  const all = [...characters];
  const vocab: Record<string, number> = Object.create(null);
  for (const [id, character] of all.entries()) {
    if (vocab[character] !== undefined) {
      throw new UserError(
        'tokenizer',
        `The character ${JSON.stringify(character)} is there twice, at ${vocab[character]} and at ${id}.`,
        'Write every character of the vocabulary once, in the order of their ids.',
      );
    }
    vocab[character] = id;
  }
  if (all.length === 0) {
    throw new UserError(
      'tokenizer',
      'The alphabet is empty.',
      'Write every character of the vocabulary once, in the order of their ids.',
    );
  }
  return tokenizer(vocab, { pre_tokenizer: null, decoder: { type: 'Fuse' } });
}

/** What printable ASCII is, a line break first: a vocabulary that many character models have. */
export const PRINTABLE: string = `\n${String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i))}`;
