// Is this tokenizer.json one that can be used? Asked before the library sees it: it takes what is wrong for granted and
// writes nonsense, and a single id of two thousand million keeps it busy for minutes.

import { UserError } from '../core/errors.ts';
import { isRecord } from './folder.ts';

type Json = Readonly<Record<string, unknown>>;

const MODELS = ['BPE', 'Unigram', 'WordPiece', 'WordLevel'];
/** The largest vocabularies have about 300,000 tokens, and the library needs seconds for a million. */
const LARGEST_ID = 2 ** 19 - 1;
const DEEPEST = 16;

const REMEDY =
  'Use the tokenizer.json that belongs to the model (a “fast” tokenizer); BPE, Unigram, WordPiece and WordLevel are understood.';

/** @throws UserError 'tokenizer' with what is wrong */
export function checkTokenizerFile(name: string, json: Json): void {
  const fail = (what: string) =>
    new UserError('tokenizer', `${name}/tokenizer.json is no whole tokenizer: ${what}.`, REMEDY);
  const { model, added_tokens: added } = json as { model: unknown; added_tokens: unknown };
  if (!isRecord(model)) throw fail('its model is no object');
  const { type } = model;
  if (type !== undefined && !MODELS.some((known) => known === type)) {
    throw fail(`its model is of the kind ${shown(type)}`);
  }
  const ids = checkVocabulary(model.vocab, fail);
  if (Array.isArray(added)) checkAdded(added, fail);
  if (type === 'BPE') checkMerges(model, ids, fail);
  for (const part of ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder'] as const) {
    if (json[part] !== undefined && json[part] !== null) checkPart(part, json[part], 0, fail);
  }
}

type Fail = (what: string) => UserError;

const shown = (value: unknown): string => {
  const text = value === null ? 'nothing' : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};
const isId = (id: unknown): id is number =>
  Number.isInteger(id) && Number(id) >= 0 && Number(id) <= LARGEST_ID;

/** Tokens by name where they have ids of their own; of a list, those are the places. */
function checkVocabulary(vocab: unknown, fail: Fail): ReadonlyMap<string, number> | undefined {
  if (Array.isArray(vocab)) {
    const odd = vocab.findIndex(
      (entry) =>
        !Array.isArray(entry) || typeof entry[0] !== 'string' || typeof entry[1] !== 'number',
    );
    if (odd >= 0)
      throw fail(
        `entry ${odd} of its vocabulary is ${shown(vocab[odd])} instead of a token and a number`,
      );
    if (vocab.length === 0) throw fail('its vocabulary is empty');
    return undefined;
  }
  if (!isRecord(vocab)) throw fail('it has no vocabulary');
  const count = Object.keys(vocab).length;
  if (count > LARGEST_ID + 1) {
    throw fail(
      `it has ${count.toLocaleString('en-US')} tokens; at most ${(LARGEST_ID + 1).toLocaleString('en-US')} are read`,
    );
  }
  const tokens = new Map<string, number>();
  const taken = new Map<number, string>();
  for (const [token, id] of Object.entries(vocab)) {
    if (!isId(id))
      throw fail(
        `the token ${shown(token)} has the id ${shown(id)}; expected a whole number from 0 to ${LARGEST_ID.toLocaleString('en-US')}`,
      );
    const other = taken.get(id);
    if (other !== undefined)
      throw fail(`the tokens ${shown(other)} and ${shown(token)} have the same id, ${id}`);
    taken.set(id, token);
    tokens.set(token, id);
  }
  if (tokens.size === 0) throw fail('its vocabulary is empty');
  return tokens;
}

function checkAdded(added: readonly unknown[], fail: Fail): void {
  added.forEach((one, at) => {
    if (!isRecord(one) || typeof one.content !== 'string')
      throw fail(`added token ${at} is ${shown(one)}`);
    if (!isId(one.id))
      throw fail(
        `the added token ${shown(one.content)} has the id ${shown(one.id)}; expected a whole number from 0 to ${LARGEST_ID.toLocaleString('en-US')}`,
      );
  });
}

function checkMerges(model: Json, ids: ReadonlyMap<string, number> | undefined, fail: Fail): void {
  const { merges, continuing_subword_prefix: prefix } = model;
  if (!Array.isArray(merges)) throw fail('it has no list of merges');
  for (const [at, merge] of merges.entries()) {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    if (
      !Array.isArray(pair) ||
      pair.length !== 2 ||
      pair.some((part) => typeof part !== 'string')
    ) {
      throw fail(`merge ${at} is ${shown(merge)} instead of two tokens`);
    }
    const lost = prefix ? undefined : [...pair, pair.join('')].find((token) => !ids?.has(token));
    if (lost !== undefined && ids)
      throw fail(`merge ${at} is of ${shown(lost)}, which is not in the vocabulary`);
  }
}

/** A step of the way from text to tokens or back, and the steps within it. */
function checkPart(where: string, part: unknown, depth: number, fail: Fail): void {
  if (depth > DEEPEST) throw fail(`its ${where} is nested more than ${DEEPEST} deep`);
  if (!isRecord(part) || typeof part.type !== 'string')
    throw fail(`a step of its ${where} is ${shown(part)}`);
  if (part.type === 'Replace' && (!isPattern(part.pattern) || typeof part.content !== 'string')) {
    throw fail(`a step of its ${where} replaces ${shown(part.pattern)} by ${shown(part.content)}`);
  }
  if (part.type === 'Split' && !isPattern(part.pattern)) {
    throw fail(`a step of its ${where} splits at ${shown(part.pattern)}`);
  }
  for (const key of ['normalizers', 'pretokenizers', 'processors', 'decoders']) {
    const inner = part[key];
    if (Array.isArray(inner)) for (const one of inner) checkPart(where, one, depth + 1, fail);
  }
}

const isPattern = (pattern: unknown): boolean =>
  isRecord(pattern) && (typeof pattern.String === 'string' || typeof pattern.Regex === 'string');
