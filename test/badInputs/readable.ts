// What an error for people is: of our own kind, with a sentence that says what was found and one that says what to do,
// and without the words of the machinery.

import { expect } from 'vitest';
import { UserError } from '../../src/core/errors.ts';

const MACHINERY =
  /undefined|\[object|NaN|null|TypeError|RangeError|at line \d+ column|node_modules|\.cc:|\bstd::/;

export async function expectReadable(work: () => unknown): Promise<void> {
  let error: unknown;
  try {
    await work();
  } catch (thrown) {
    error = thrown;
  }
  if (error === undefined) throw new Error('it was accepted');
  if (!(error instanceof UserError)) throw error;
  expect(error.message).toMatch(/^.{12,600}[.!?]$/s);
  expect(error.remedy).toMatch(/^[A-Z].{6,400}[.)]$/s);
  expect(error.message.replace(/“[^”]*”|"[^"]*"/g, '')).not.toMatch(MACHINERY);
}
