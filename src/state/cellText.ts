// What a cell of the token stream shows, and what it is called for those who do not see it.

import { authorName, percent, quote, visible } from './format.ts';
import type { Cell, HandOverCell } from './tokenStream.ts';

/** The short text on a hand-over mark: how sure small was, how long the draft, or a check. */
export function markText({ why, proposal, pending }: HandOverCell): string {
  switch (why) {
    case 'fallback':
      return proposal ? percent(proposal.prob, 0) : '?';
    case 'draftCap':
      return `${pending} full`;
    case 'finalVerify':
      return 'end';
    default:
      return why satisfies never;
  }
}

export function cellText(cell: Cell): string {
  if (cell.kind === 'handOver') return markText(cell);
  // An end of text has no text of its own.
  const text = visible(cell.text) || '∎';
  // In running text a blank is a thin mark; one that is struck out must still be seen.
  return cell.state === 'rolledBack' ? text : text.replaceAll('␣', '·');
}

export function cellName(cell: Cell): string {
  if (cell.kind === 'handOver') {
    const why = { fallback: 'not sure', draftCap: 'longest draft', finalVerify: 'end of text' };
    return `Hand-over to large: ${why[cell.why]}, ${markText(cell)}`;
  }
  const what = { accepted: '', pending: ', not yet judged', rolledBack: ', struck out' };
  const text = cell.text === '' ? 'end of text' : quote(cell.text);
  return `${text} by ${authorName(cell.by)}, ${percent(cell.prob)} sure${what[cell.state]}`;
}
