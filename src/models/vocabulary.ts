// Token 17 must mean the same to everyone who takes part in an experiment: a tokenizer must belong to its
// model, and two models that judge each other's tokens must share one vocabulary.

import { UserError } from '../core/errors.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * Rows that a model's head may have beyond its tokenizer: heads are padded to round sizes, at most to a
 * multiple of 256, and some large vocabularies keep room for later (Phi: 905 of 51,200).
 */
const padding = (rows: number): number => Math.max(255, Math.floor(rows * 0.02));

/**
 * Columns of the head that name a token.
 * @param rows of the head, padding included
 * @throws UserError 'tokenizer' when it belongs to another model
 */
export function checkFit(name: string, { size }: Tokenizer, rows: number): number {
  const fits = size <= rows && rows - size <= padding(rows);
  if (fits) return size;
  const numbers = `${count(size)} tokens, the model ${count(rows)}`;
  throw new UserError(
    'tokenizer',
    `The tokenizer of ${name} does not fit its model: it has ${numbers}.`,
    'Use the tokenizer.json that came with this model.',
  );
}

/** A checkpoint, as far as its vocabulary goes. */
export interface Speaker {
  readonly name: string;
  readonly tokenizer: Tokenizer;
}

/** How many entries differ, the first that does, and how many there are to compare. */
function difference(a: Tokenizer, b: Tokenizer) {
  const entries = Math.max(a.entries.length, b.entries.length);
  let different = 0;
  let first: number | undefined;
  for (let id = 0; id < entries && a.entries !== b.entries; id++) {
    if (a.entries[id] === b.entries[id]) continue;
    different++;
    first ??= id;
  }
  return { different, first, entries };
}

/** Do both have the same tokens under the same ids? */
export const sharesVocabulary = (one: Speaker, other: Speaker): boolean =>
  difference(one.tokenizer, other.tokenizer).first === undefined;

/** @throws UserError 'vocabulary' unless both have the same tokens under the same ids */
export function checkShared(one: Speaker, other: Speaker): void {
  const { different, first, entries } = difference(one.tokenizer, other.tokenizer);
  if (first === undefined) return;
  const [a, b] = [one.tokenizer.entries, other.tokenizer.entries];
  const at = `token ${count(first)} is ${quote(a[first])} in ${one.name} and ${quote(b[first])} in ${other.name}`;
  throw new UserError(
    'vocabulary',
    `${one.name} (${count(a.length)} tokens) and ${other.name} (${count(b.length)} tokens) do not share a vocabulary: ${count(different)} of ${count(entries)} entries differ; ${at}.`,
    'Choose two checkpoints of one family, which were trained with the same tokenizer.',
  );
}

const count = (n: number): string => n.toLocaleString('en-US');
const quote = (token: string | undefined): string =>
  token === undefined ? 'absent' : JSON.stringify(token);
