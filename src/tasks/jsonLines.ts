// Examples out of a file: JSON Lines, one object {"prompt": ..., "completion": ...} a line. Other fields are left
// alone. Whoever wrote the file with a mistake in line 812 is told of line 812, and of all the others as well.

export interface LineExample {
  /** From 1, as editors count. */
  readonly line: number;
  readonly prompt: string;
  /** Never empty. */
  readonly completion: string;
}

export interface LineProblem {
  readonly line: number;
  /** Completes "Line 812: ...". */
  readonly what: string;
}

export type ReadLine = LineExample | LineProblem;

export interface JsonLines {
  readonly examples: readonly LineExample[];
  readonly problems: readonly LineProblem[];
}

export const isProblem = (read: ReadLine): read is LineProblem => 'what' in read;

/** Half of a pair of UTF-16 units: no character, and no tokenizer reads it. */
const HALF_CHARACTER = /\p{Cs}/u;
/** Longest piece of the file that is shown, in characters. */
const SHOWN = 24;

/** Every line that is not blank, one after the other, so that a reader of a large file can pause between two. */
export function* readJsonLines(text: string): Generator<ReadLine, void, void> {
  let line = 1;
  // A byte order mark is no part of the first line.
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const found = text.indexOf('\n', at);
    const end = found < 0 ? text.length : found;
    const one = text.slice(at, end).trim();
    if (one !== '') yield readLine(one, line);
    at = end + 1;
    line++;
  }
}

export function parseJsonLines(text: string): JsonLines {
  const examples: LineExample[] = [];
  const problems: LineProblem[] = [];
  for (const read of readJsonLines(text)) {
    if (isProblem(read)) problems.push(read);
    else examples.push(read);
  }
  return { examples, problems };
}

function readLine(text: string, line: number): ReadLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { line, what: `${begin(text)} is not JSON.` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { line, what: `${kindOf(value)} instead of an object with prompt and completion.` };
  }
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const field of ['prompt', 'completion']) {
    const content = fields.get(field);
    if (content === undefined) return { line, what: `there is no ${field}.${others(fields)}` };
    if (typeof content !== 'string') {
      return { line, what: `the ${field} is ${kindOf(content)} instead of text.` };
    }
    if (HALF_CHARACTER.test(content)) {
      return { line, what: `the ${field} holds half of a character (a lone surrogate).` };
    }
  }
  const prompt = fields.get('prompt') as string;
  const completion = fields.get('completion') as string;
  if (completion === '') return { line, what: 'the completion is empty: nothing to learn.' };
  return { line, prompt, completion };
}

/** The first few of its fields, where the expected one is not among them. */
function others(fields: ReadonlyMap<string, unknown>): string {
  const names = [...fields.keys()].slice(0, 4).map(begin);
  return names.length === 0 ? '' : ` Its fields are ${names.join(', ')}.`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

/** Foreign text as it may be shown: short, and without control or direction-changing characters. */
function begin(text: string): string {
  const clean = [...text.slice(0, 4 * SHOWN).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '\u{fffd}')];
  return `“${clean.slice(0, SHOWN).join('')}${clean.length > SHOWN ? '…' : ''}”`;
}
