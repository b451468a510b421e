// What a checkpoint is called that was trained here, until somebody renames it.

import type { Experiment } from '../experiment/experiment.ts';
import { cleanName, parseFileId } from '../experiment/names.ts';

/** `tiny-small-addition`; a second helping of the same does not lengthen it. */
export function trainedName(
  base: string,
  { data, task }: Pick<Experiment, 'data' | 'task'>,
): string {
  const file = parseFileId(data)?.name.replace(/\.(jsonl|ndjson|json|txt)$/i, '');
  const source = file ?? task;
  return cleanName(base.endsWith(`-${source}`) ? base : `${base}-${source}`);
}
