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

/** @throws UserError 'vocabulary' unless both have the same tokens under the same ids */
export function checkShared(
  small: { readonly name: string; readonly tokenizer: Tokenizer },
  large: { readonly name: string; readonly tokenizer: Tokenizer },
): void {
  const a = small.tokenizer.entries;
  const b = large.tokenizer.entries;
  if (a === b) return;
  const shared = Math.max(a.length, b.length);
  let differences = 0;
  let first: number | undefined;
  for (let id = 0; id < shared; id++) {
    if (a[id] === b[id]) continue;
    differences++;
    first ??= id;
  }
  if (first === undefined) return;
  const at = `token ${count(first)} is ${quote(a[first])} in ${small.name} and ${quote(b[first])} in ${large.name}`;
  throw new UserError(
    'vocabulary',
    `${small.name} (${count(a.length)} tokens) and ${large.name} (${count(b.length)} tokens) do not share a vocabulary: ${count(differences)} of ${count(shared)} entries differ; ${at}.`,
    'Choose two checkpoints of one family, which were trained with the same tokenizer.',
  );
}

const count = (n: number): string => n.toLocaleString('en-US');
const quote = (token: string | undefined): string =>
  token === undefined ? 'absent' : JSON.stringify(token);
