// Examples that somebody brings: a text of lines, each a JSON object {"prompt": ..., "completion": ...}, or questions,
// {"prompt": ..., "answer": ...}. Every line that cannot be used is named with its number and what is wrong with it; the
// others are examples.

export interface DataLine {
  /** Counted from 1. */
  readonly line: number;
  readonly prompt: string;
  /** Of a question, its answer. */
  readonly completion: string;
}

export interface LineProblem {
  readonly line: number;
  /** Completes "line 3 ...". */
  readonly what: string;
}

export interface JsonLines {
  readonly examples: readonly DataLine[];
  readonly problems: readonly LineProblem[];
  /** Lines that are not blank. */
  readonly lines: number;
}

/** What the second field is called: what is to be written, or what makes an answer right. */
export type SecondField = 'completion' | 'answer';

/** Reads one line; a text says what is wrong with it. */
function readLine(text: string, line: number, second: SecondField): DataLine | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `is not an object with prompt and ${second}`;
  }
  const record: Readonly<Record<string, unknown>> = { ...value };
  for (const field of ['prompt', second]) {
    if (!(field in record)) return `has no "${field}"`;
    if (typeof record[field] !== 'string') return `has a "${field}" that is not text`;
  }
  const [prompt, completion] = [record.prompt, record[second]] as [string, string];
  if (completion === '') {
    return second === 'completion'
      ? 'has an empty "completion": there is nothing to learn from it'
      : 'has an empty "answer": nothing would be right';
  }
  if (/\p{Cs}/u.test(prompt + completion)) {
    return 'has half of a surrogate pair, which is no character';
  }
  return { line, prompt, completion };
}

/**
 * Fields beyond the two are ignored. Lines end with \n or \r\n; a byte order mark at the beginning is skipped.
 * @param each is called now and then with the characters read so far; awaited, so that others get a turn
 */
export async function parseJsonLines(
  text: string,
  each: (read: number) => Promise<void> | void = () => {},
  second: SecondField = 'completion',
): Promise<JsonLines> {
  const examples: DataLine[] = [];
  const problems: LineProblem[] = [];
  let lines = 0;
  let line = 0;
  for (let at = text.startsWith('\ufeff') ? 1 : 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const next = end < 0 ? text.length : end;
    line++;
    const content = text.slice(at, next).trim();
    at = next + 1;
    if (line % 1000 === 0) await each(at);
    if (content === '') continue;
    lines++;
    const read = readLine(content, line, second);
    if (typeof read === 'string') problems.push({ line, what: read });
    else examples.push(read);
  }
  return { examples, problems, lines };
}
