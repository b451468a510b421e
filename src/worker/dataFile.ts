// A data file, whole: its lines read, turned into tokens of one checkpoint, and everything that is wrong with it
// said at once. A large file takes seconds, in which the worker must hear other messages.

import { UserError } from '../core/errors.ts';
import { isProblem, type LineProblem, readJsonLines } from '../tasks/jsonLines.ts';
import { distinct, type ReadExample } from './examples.ts';
import type { DataReport } from './protocol.ts';
import { type Coder, toTokens } from './toTokens.ts';

/** Bytes of the largest file that is read; what is made of it takes several times as much. */
const MOST_BYTES = 64e6;
/** Problems and examples that are shown. */
const SHOWN = 20;
const PREVIEW = 5;

export interface ReadFile {
  readonly examples: readonly ReadExample[];
  readonly report: Omit<DataReport, 'id'>;
}

export interface Reading {
  readonly coder: Coder;
  /** Lets other messages in. */
  readonly breathe: () => Promise<void>;
  /** Characters read, and in all. */
  readonly progress?: (loaded: number, total: number) => void;
}

/** @throws UserError 'data' for what is no text, or too much of it */
export async function readDataFile(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  { coder, breathe, progress }: Reading,
): Promise<ReadFile> {
  const text = textOf(name, bytes);
  const examples: ReadExample[] = [];
  const problems: LineProblem[] = [];
  let lines = 0;
  let tokens = 0;
  let longest = 0;
  let problemCount = 0;
  let characters = 0;
  for (const read of readJsonLines(text)) {
    lines++;
    const found = isProblem(read) ? read : toTokens(read, coder);
    if ('what' in found) {
      problemCount++;
      if (problems.length < SHOWN) problems.push({ line: read.line, what: found.what });
    } else if (!isProblem(read)) {
      const { prompt, completion } = read;
      examples.push({ prompt, completion, example: found });
      const length = found.prompt.length + found.completion.length;
      tokens += length;
      longest = Math.max(longest, length);
      characters += prompt.length + completion.length;
    }
    progress?.(Math.min(characters, text.length), text.length);
    await breathe();
  }
  progress?.(text.length, text.length);
  const report = {
    name,
    bytes: bytes.byteLength,
    lines,
    examples: examples.length,
    duplicates: examples.length - distinct(examples).length,
    tokens,
    longest,
    contextLength: coder.contextLength,
    problems,
    problemCount,
    preview: examples.slice(0, PREVIEW).map(({ prompt, completion }) => ({ prompt, completion })),
  };
  return { examples, report };
}

/** A file that one can train with: nothing wrong with it, and something to measure on. */
export const isUsable = ({ examples, duplicates, problemCount }: ReadFile['report']): boolean =>
  problemCount === 0 && examples - duplicates >= 2;

/** @throws UserError 'data' that names the first line that cannot be learned from */
export function refuseProblems({ name, problems, problemCount }: ReadFile['report']): void {
  const [first] = problems;
  if (!first) return;
  const more = problemCount === 1 ? '' : ` ${problemCount - 1} more lines cannot be used either.`;
  throw new UserError(
    'data',
    `${name}, line ${first.line}: ${first.what}${more}`,
    'Correct or remove these lines, and drop the file again.',
  );
}

/** @throws UserError 'data' for a file that is not worth opening */
export function checkSize(name: string, bytes: number): void {
  if (bytes <= MOST_BYTES) return;
  throw new UserError(
    'data',
    `${name} has ${Math.ceil(bytes / 1e6)} MB; at most ${MOST_BYTES / 1e6} MB are read.`,
    'Use a part of it.',
  );
}

function textOf(name: string, bytes: Uint8Array<ArrayBuffer>): string {
  checkSize(name, bytes.byteLength);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UserError(
      'data',
      `${name} is not text in UTF-8.`,
      'Expected JSON Lines: one {"prompt": …, "completion": …} a line. Save it as UTF-8.',
      { cause },
    );
  }
}
