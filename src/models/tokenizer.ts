// Text to token ids and back. The arithmetic is Hugging Face's own; what is ours is saying clearly when text,
// tokenizer and model do not belong together, because none of the three notices by itself.

import { Tokenizer as HuggingFace } from '@huggingface/tokenizers';
import { UserError } from '../core/errors.ts';
import { checkTokenizerFile } from './tokenizerFile.ts';

export interface Tokenizer {
  /** Largest id plus one. */
  readonly size: number;
  /** Token that begins every text, where there is one. */
  readonly bos: number | undefined;
  /** Ids of `text` as a prompt, beginning-of-text token first. @throws UserError 'prompt' */
  encode(text: string): number[];
  /**
   * Ids of a text that writes its special tokens itself, as chat templates do: each is one id, and none is added.
   * @throws UserError 'prompt'
   */
  encodeWritten(text: string): number[];
  /** Text of `ids`, special tokens left out. */
  decode(ids: readonly number[]): string;
  /** One token as it is shown, special tokens by name. */
  piece(id: number): string;
  /** Every token by id; holes are undefined. */
  readonly entries: readonly (string | undefined)[];
  /** The id of a token such as `<eos>`. */
  idOf(token: string): number | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** Longest text that is tokenized, in UTF-16 units; what comes from a file may hold slow patterns. */
const MAX_TEXT = 262_144;

/**
 * @param name the checkpoint, for error texts
 * @param bosId from the model's configuration, when the tokenizer's own names none
 * @throws UserError 'tokenizer' when the files are not a tokenizer
 */
export function makeTokenizer(
  name: string,
  tokenizerJson: Json,
  tokenizerConfig: Json,
  bosId?: number,
): Tokenizer {
  const tokenizer = construct(name, tokenizerJson, tokenizerConfig);
  const entries: (string | undefined)[] = [];
  for (const [token, id] of tokenizer.get_vocab()) if (token !== undefined) entries[id] = token;
  const unknown = unknownId(tokenizer, tokenizerJson);
  const bosToken = contentOf(tokenizerConfig.bos_token);
  const named = bosToken === undefined ? undefined : tokenizer.token_to_id(bosToken);
  // A tokenizer that is configured without it (Qwen) does not get one from the model's numbers.
  const bos = tokenizerConfig.bos_token === undefined ? bosId : named;
  const idsOf = (text: string, special: boolean): (number | undefined)[] =>
    text === '' ? [] : tokenizer.encode(text, { add_special_tokens: special }).ids;
  const textOf = (ids: readonly number[], skip: boolean): string =>
    ids.length === 0
      ? ''
      : tokenizer.decode([...ids], {
          skip_special_tokens: skip,
          clean_up_tokenization_spaces: false,
        });
  const plain = !tokenizerJson.normalizer && !tokenizerJson.pre_tokenizer;

  const isUnknown = (id: number | undefined) => id === undefined || id === unknown;
  /** Characters that have left no trace in the ids, or that of an unknown token. */
  const missingCharacters = (text: string): string[] => {
    const ids = idsOf(text, false);
    const known = ids.filter((id) => id !== undefined);
    if (!ids.some(isUnknown) && textOf(known, false) === text) return [];
    // Pre-tokenizers may drop or fold white space, and a part of a word may be unknown on its own.
    const words = plain ? [text] : text.split(/\s+/);
    const suspects = words.flatMap((word) => {
      const lost = idsOf(word, false).some(isUnknown);
      return [...word].filter((character) => {
        const own = idsOf(character, false);
        return own.length === 0 || (lost && own.some(isUnknown));
      });
    });
    return [...new Set(suspects)];
  };
  const added = (tokenizerJson.added_tokens as readonly Json[])
    .flatMap(({ content }) => (typeof content === 'string' && content !== '' ? [content] : []))
    .sort((a, b) => b.length - a.length);
  /** What stands between added tokens, which need not be readable by their characters. */
  const textsBetween = (text: string): string[] =>
    added.reduce((parts, token) => parts.flatMap((part) => part.split(token)), [text]);
  const pieces: string[] = [];

  return {
    size: entries.length,
    bos,
    entries,
    idOf: (token) => tokenizer.token_to_id(token),
    encodeWritten(text) {
      checkLength(text);
      const missing = textsBetween(text).flatMap(missingCharacters);
      if (missing.length > 0) throw unreadable(name, [...new Set(missing)]);
      const ids = idsOf(text, false).filter((id) => id !== undefined);
      if (ids.length > 0) return ids;
      throw new UserError(
        'prompt',
        `The chat template of ${name} makes nothing of the prompt.`,
        'Write at least one character, or send the prompt as plain text.',
      );
    },
    encode(text) {
      checkLength(text);
      const missing = missingCharacters(text);
      if (missing.length > 0) throw unreadable(name, missing);
      const ids = idsOf(text, true).filter((id) => id !== undefined);
      const wanted = tokenizerConfig.add_bos_token !== false || ids.length === 0;
      if (bos !== undefined && wanted && ids[0] !== bos) ids.unshift(bos);
      // Once, also where the text spells it and the tokenizer adds one of its own.
      if (bos !== undefined && ids[0] === bos && ids[1] === bos) ids.shift();
      if (ids.length > 0) return ids;
      throw new UserError(
        'prompt',
        `The prompt is empty, and ${name} has no token that begins a text.`,
        'Write at least one character.',
      );
    },
    decode: (ids) => textOf(ids, true),
    piece(id) {
      const known = pieces[id];
      if (known !== undefined) return known;
      const entry = entries[id];
      const text = entry === undefined ? `<${id}>` : textOf([id], false);
      // Decoders of whole texts take the space off the first word.
      const shown = entry?.startsWith('▁') && !text.startsWith(' ') ? ` ${text}` : text;
      pieces[id] = shown;
      return shown;
    },
  };
}

function checkLength(text: string): void {
  if (text.length <= MAX_TEXT) return;
  throw new UserError(
    'prompt',
    `The prompt has ${text.length} characters; at most ${MAX_TEXT} are read.`,
    'Shorten it.',
  );
}

function construct(name: string, json: Json, config: Json): HuggingFace {
  const expected = 'Use the tokenizer.json that belongs to the model (a “fast” tokenizer).';
  if (typeof json.model !== 'object' || json.model === null || !Array.isArray(json.added_tokens)) {
    throw new UserError(
      'tokenizer',
      `${name}/tokenizer.json is JSON, but not a tokenizer: it has no ${json.model ? 'added_tokens' : 'model'}.`,
      expected,
    );
  }
  checkTokenizerFile(name, json);
  try {
    return new HuggingFace(json, config);
  } catch (cause) {
    throw new UserError(
      'tokenizer',
      `The tokenizer of ${name} could not be read.`,
      `${expected} BPE, Unigram and WordPiece are understood.`,
      { cause },
    );
  }
}

function unknownId(tokenizer: HuggingFace, { model }: Json): number | undefined {
  const { unk_token: token, unk_id: id } = model as Json;
  if (typeof id === 'number') return id;
  return typeof token === 'string' ? tokenizer.token_to_id(token) : undefined;
}

/** Special tokens are written as text or as an object with the text inside. */
function contentOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  if (typeof token !== 'object' || token === null || !('content' in token)) return undefined;
  return typeof token.content === 'string' ? token.content : undefined;
}

function unreadable(name: string, characters: readonly string[]): UserError {
  const shown = characters.slice(0, 12).map(nameOf).join(', ');
  const more = characters.length > 12 ? ` and ${characters.length - 12} more` : '';
  const plural = characters.length === 1 ? '' : 's';
  return new UserError(
    'prompt',
    `The prompt has ${characters.length} character${plural} that ${name} cannot read: ${shown}${more}.`,
    'Leave them out, or choose a checkpoint whose vocabulary has them.',
  );
}

/** Visible characters as they are, with their number; others by number only. */
function nameOf(character: string): string {
  const number = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return /[\p{C}\p{Z}\p{M}]/u.test(character) ? number : `“${character}” (${number})`;
}
