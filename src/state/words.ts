// The token stream as groups that a line should not break inside: a word and the blank after it. Struck-out
// tokens and hand-over marks stay with the word in which they happened.

import type { Cell } from './tokenStream.ts';

/** A group longer than this may break: text without blanks must not leave the page. */
const LONGEST = 24;

export interface Placed {
  readonly index: number;
  readonly cell: Cell;
}

export function wordsOf(cells: readonly Cell[]): readonly (readonly Placed[])[] {
  const words: Placed[][] = [];
  let word: Placed[] = [];
  const close = () => {
    if (word.length > 0) words.push(word);
    word = [];
  };
  let width = 0;
  cells.forEach((cell, index) => {
    if (cell.kind === 'token' && (/^\s/.test(cell.text) || width >= LONGEST)) {
      // A token that begins with a blank begins a word (as in BPE), unless it is a blank alone.
      if (cell.text.trim() !== '' || width >= LONGEST) {
        close();
        width = 0;
      }
    }
    word.push({ index, cell });
    if (cell.kind === 'handOver') return;
    width += cell.text.length;
    const standsAndEnds = cell.state !== 'rolledBack' && /\s$/.test(cell.text);
    if (standsAndEnds) {
      close();
      width = 0;
    }
  });
  close();
  return words;
}
