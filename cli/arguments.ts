// What was typed, as a value.

import { ROLES, type Role } from '../src/core/roles.ts';
import { VERSION } from '../src/experiment/migrations.ts';
import { isRecord } from '../src/models/folder.ts';

/** By role: folders that take the place of the link's checkpoints. */
export interface Options extends Readonly<Partial<Record<Role, string>>> {
  /** A link's fragment. */
  readonly hash: string;
  /** Where the built-in checkpoints are. */
  readonly models: string;
  /** The data file of a training, and where its checkpoint goes. */
  readonly data?: string;
  readonly out?: string;
  readonly threads: number;
  readonly verbose: boolean;
}

export const USAGE = `usage: npm run -s tandem -- [options] LINK|FILE.json

Runs an experiment without the page and prints its events, one JSON object per line.

  LINK          what Share copies: #v=2&mode=..., with or without the address before it
  FILE.json     an experiment as JSON; what it leaves out is as on a first visit
  -             the same from standard input

  --models DIR  where the built-in checkpoints are (public/models)
  --ROLE DIR    a checkpoint folder in place of the experiment's, for any of its roles:
                ${ROLES.map((role) => `--${role}`).join(' ')}
  --data FILE   the data file that a training's link names
  --out DIR     where a training's checkpoint folder goes
  --threads N   threads within one operation (1)
  --verbose     also the raw text behind an error
  --help        this text

Exit code: 0 done, 1 the run failed, 2 the command line was not understood.`;

const VALUES = ['models', ...ROLES, 'data', 'out', 'threads'] as const;
type ValueName = (typeof VALUES)[number];
const isValueName = (name: string): name is ValueName => VALUES.some((known) => known === name);

/** @param read the text of a file, or of standard input for `-` */
export function parseArguments(
  args: readonly string[],
  read: (path: string) => string,
): Options | { readonly help: true } | { readonly problem: string } {
  const values = new Map<ValueName, string>();
  let source: string | undefined;
  let verbose = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    const [name = '', inline] = arg.replace(/^--/, '').split(/=(.*)/s);
    if (arg === '--help' || arg === '-h') return { help: true };
    if (arg === '--verbose') verbose = true;
    else if (arg.startsWith('--') && isValueName(name)) {
      const value = inline ?? args[++i];
      if (value === undefined) return { problem: `--${name} needs a value.` };
      values.set(name, value);
    } else if (arg.startsWith('--')) return { problem: `${arg} is not an option.` };
    else if (source !== undefined)
      return { problem: `One experiment at a time: ${arg} is too many.` };
    else source = arg;
  }
  if (source === undefined) return { problem: 'Which experiment? Give a link or a file.' };
  const threads = Number(values.get('threads') ?? 1);
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= 256)) {
    return { problem: `--threads=${values.get('threads')}: expected an integer in [1, 256].` };
  }
  const hash = hashOf(source, read);
  if (typeof hash !== 'string') return hash;
  const folders = [...ROLES, 'data', 'out'] as const;
  const given = folders.flatMap((name) => {
    const value = values.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    hash,
    models: values.get('models') ?? 'public/models',
    ...Object.fromEntries(given),
    threads,
    verbose,
  };
}

function hashOf(source: string, read: (path: string) => string): string | { problem: string } {
  const at = source.indexOf('#');
  if (at >= 0) return source.slice(at);
  let text: string;
  try {
    text = read(source);
  } catch {
    return { problem: `${source} is neither a link (no #) nor a file that can be read.` };
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return linkOf(value);
  } catch {
    // said below
  }
  return { problem: `${source} does not hold a JSON object.` };
}

/** The experiment goes through the link's codec, which checks every setting and reports what is wrong. */
function linkOf({ params, ...plain }: Record<string, unknown>): string {
  const pairs = new URLSearchParams({ v: String(VERSION) });
  for (const [key, value] of Object.entries({ ...plain, ...(isRecord(params) ? params : {}) })) {
    pairs.set(key, String(value));
  }
  return `#${pairs}`;
}
