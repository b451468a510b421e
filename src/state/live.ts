// What is solved while a run goes on, as the formula beside the controls shows it.

import { type State, seenRun } from './store.ts';
import { type Cell, streamOf } from './tokenStream.ts';

const alphasOf = (cell: Cell | undefined): readonly number[] | undefined =>
  cell?.kind === 'token' ? cell.fusion?.alphas : undefined;

/** Alphas at the token that is looked into, else at the last one, of a run of the method that is set. */
export function liveAlphas(state: State): readonly number[] | undefined {
  const run = seenRun(state);
  if (run?.experiment.method !== state.experiment.method) return undefined;
  const { cells } = streamOf(run);
  const { selection } = state;
  const looked = selection?.run === run.id ? cells[selection.cell] : undefined;
  return alphasOf(looked) ?? alphasOf(cells.findLast((cell) => cell.kind === 'token'));
}
