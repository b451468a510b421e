// Runs as JSON Lines: a line that says what was asked and where it ran, then every event on a line of its own. A file
// may hold several runs. What is read is checked line by line and made anew; a file that says something that cannot have
// happened is refused with the number of the line.

import * as v from 'valibot';
import { UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { RunRecord } from '../core/runRecord.ts';
import { cleanName } from '../experiment/names.ts';
import { runEvents } from './runSchema.ts';
import { checkStory } from './runStory.ts';
import { wordForNumber } from './schemaParts.ts';

/** Of the file's format. A page reads its own version only; what older pages wrote is brought up to it here. */
export const RUN_FILE_VERSION = 1;

const short = v.pipe(v.string(), v.maxLength(200));
const header = v.object({
  tandem: v.literal('run'),
  version: v.literal(RUN_FILE_VERSION),
  name: v.pipe(v.string(), v.transform(cleanName)),
  experiment: v.string(),
  outcome: v.picklist(['completed', 'stopped', 'failed']),
  started: v.pipe(v.number(), v.finite()),
  provider: v.picklist(['wasm', 'webgpu']),
  kernels: v.picklist(['cpu', 'webgpu']),
  adapter: short,
  build: short,
  /** Number of the lines that follow. */
  events: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/** The file, its last line ended. */
export function writeRun({ name, recipe, outcome, started, place, events }: RunRecord): string {
  const first: v.InferOutput<typeof header> = {
    tandem: 'run',
    version: RUN_FILE_VERSION,
    name,
    experiment: recipe,
    outcome,
    started,
    ...place,
    events: events.length,
  };
  const lines = [first, ...events].map((line) => JSON.stringify(line, wordForNumber));
  return `${lines.join('\n')}\n`;
}

/**
 * @param file how it is called, for messages
 * @param each is called now and then with the characters read so far; awaited, so that others get a turn
 * @throws UserError 'run' naming the first line that cannot be used
 */
export async function readRuns(
  text: string,
  file: string,
  each: (read: number) => Promise<void> | void = () => {},
): Promise<readonly RunRecord[]> {
  const runs: RunRecord[] = [];
  let open: { readonly line: number; readonly head: v.InferOutput<typeof header> } | undefined;
  let events: RunEvent[] = [];
  let lines: number[] = [];
  const close = () => {
    if (!open) return;
    const { head, line } = open;
    if (events.length < head.events) throw cut(file, events.length, head.events);
    runs.push(
      recordOf(head, events, file, (event) => (event === undefined ? line : lines[event]!)),
    );
    open = undefined;
    events = [];
    lines = [];
  };

  let line = 0;
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const next = end < 0 ? text.length : end;
    const content = text.slice(at, next).trim();
    at = next + 1;
    line++;
    if (line % 500 === 0) await each(at);
    if (content === '') continue;
    const value = parsed(content, file, line);
    if (!open) open = { line, head: headerOf(value, file, line) };
    else {
      events.push(eventOf(value, file, line));
      lines.push(line);
    }
    if (events.length === open.head.events) close();
  }
  close();
  if (runs.length > 0) return runs;
  throw new UserError('run', `${file} is empty.`, FIRST);
}

const FIRST = 'Choose a file that Tandem has exported: its first line begins with {"tandem":"run",';

function parsed(content: string, file: string, line: number): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw refused(file, line, 'is not JSON', FIRST, cause);
  }
}

function headerOf(value: unknown, file: string, line: number) {
  const isObject = typeof value === 'object' && value !== null;
  if (!isObject || !('tandem' in value) || value.tandem !== 'run') {
    const what = isObject && 'type' in value ? 'is an event, where a run should begin' : undefined;
    throw refused(file, line, what ?? 'is not the beginning of a run of Tandem', FIRST);
  }
  const version = 'version' in value ? value.version : undefined;
  if (version !== RUN_FILE_VERSION) {
    const found = JSON.stringify(version) ?? 'no version';
    throw refused(
      file,
      line,
      `says version ${found.slice(0, 20)}; this page reads version ${RUN_FILE_VERSION}`,
      'Open it with the page that wrote it, or a newer one.',
    );
  }
  const { success, output, issues } = v.safeParse(header, value);
  if (success) return output;
  throw refused(file, line, told(issues[0]), EXPORT_AGAIN);
}

const EXPORT_AGAIN = 'The file was changed after it was exported: export it again.';

function eventOf(value: unknown, file: string, line: number): RunEvent {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : '';
  if (typeof type !== 'string' || !Object.hasOwn(runEvents, type)) {
    throw refused(file, line, 'is no event that this page knows', EXPORT_AGAIN);
  }
  const { success, output, issues } = v.safeParse(runEvents[type as RunEvent['type']], value);
  if (success) return output;
  throw refused(file, line, told(issues[0]), EXPORT_AGAIN);
}

function recordOf(
  { experiment, name, outcome, started, ...rest }: v.InferOutput<typeof header>,
  events: readonly RunEvent[],
  file: string,
  lineOf: (event?: number) => number,
): RunRecord {
  const wrong = checkStory(experiment, events);
  if (wrong) throw refused(file, lineOf(wrong.event), wrong.what, EXPORT_AGAIN);
  const { provider, kernels, adapter, build } = rest;
  const place = { provider, kernels, adapter, build };
  return { name, recipe: experiment, outcome, started, place, events };
}

/** A complaint of the schema, as the end of "line 3 …". */
function told(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const found = issue.received.length > 40 ? `${issue.received.slice(0, 40)}…` : issue.received;
  return `has ${path === null ? 'something' : `“${path}”`} that cannot be: ${found}${issue.expected ? `, expected ${issue.expected}` : ''}`;
}

const refused = (file: string, line: number, what: string, remedy: string, cause?: unknown) =>
  new UserError('run', `Line ${line} of ${file} ${what}.`, remedy, { cause });

const cut = (file: string, found: number, expected: number) =>
  new UserError(
    'run',
    `${file} ends after ${found} of ${expected} events.`,
    'It was cut short: export or copy it again.',
  );
