// Errands about runs that are over: kept, read again, exported. What is kept is what was read back from its own file, so
// that whatever stays can be opened, and is known by content however it came here.

import { UserError } from '../core/errors.ts';
import type { KeptRun, RunRecord } from '../core/runRecord.ts';
import { cleanName, sameContent } from '../experiment/names.ts';
import { readRuns, writeRun } from '../store/runFile.ts';
import type { Runs } from '../store/runs.ts';
import type { Errand } from './protocol.ts';

/** Largest file that is read. Bytes. */
const LARGEST = 64 * 2 ** 20;

type Of<T extends Errand['type']> = Extract<Errand, { readonly type: T }>;
type Each = (read: number, total: number) => Promise<void> | void;

export async function keepRun(runs: Runs, { record, figures }: Of<'keepRun'>) {
  const [run] = await readRuns(writeRun(record), record.name);
  if (!run) throw new Error('a run that reads as nothing');
  // The name is not what it is: two of different names are one.
  const file = new TextEncoder().encode(writeRun({ ...run, name: 'run' }));
  const { events: _, ...about } = run;
  return runs.keep(file, { ...about, ...figures });
}

/** @throws UserError 'run' */
export async function readAll(
  runs: Runs,
  { source }: Of<'readRuns'>,
  each: Each,
): Promise<readonly RunRecord[]> {
  if ('ids' in source) {
    const kept = await runs.all();
    const records: RunRecord[] = [];
    for (const id of source.ids) {
      const text = new TextDecoder().decode(await runs.read(id));
      const read = await readRuns(text, 'the kept run', (at) => each(at, text.length));
      records.push(...read.map((one) => ({ ...one, name: nameOf(kept, id) ?? one.name })));
    }
    return records;
  }
  const { name, file } = source;
  if (file.size > LARGEST) {
    throw new UserError(
      'run',
      `${name} has ${Math.round(file.size / 2 ** 20)} MB; at most ${LARGEST / 2 ** 20} are read.`,
      'Export fewer runs into one file.',
    );
  }
  const text = textOf(name, await file.arrayBuffer());
  return readRuns(text, name, (at) => each(at, text.length));
}

/** One file with all of them, each under its name of now. */
export async function exportRuns(runs: Runs, { ids }: Of<'exportRuns'>) {
  const parts: string[] = [];
  const names: string[] = [];
  for (const id of ids) {
    const [record] = await readAll(
      runs,
      { type: 'readRuns', request: 0, source: { ids: [id] } },
      () => {},
    );
    if (!record) continue;
    names.push(record.name);
    parts.push(writeRun(record));
  }
  const [only] = names;
  const name = names.length === 1 && only !== undefined ? cleanName(only) : `${names.length} runs`;
  return { name: `${name}.jsonl`, file: new Blob(parts, { type: 'application/jsonl' }) };
}

const nameOf = (kept: readonly KeptRun[], id: string) =>
  kept.find((run) => sameContent(run.id, id))?.name;

function textOf(name: string, bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UserError(
      'run',
      `${name} is not text in UTF-8.`,
      'Choose a file that Tandem has exported: JSON Lines, whose name ends in .jsonl.',
      { cause },
    );
  }
}
