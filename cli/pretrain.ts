// `npm run pretrain`: makes built-in checkpoints from their recipes, each a folder that the page can load. Whoever
// interrupts it finds the training where it was, to the bit: every minute its state is put beside the folder.

import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toFailure, UserError } from '../src/core/errors.ts';
import { loadNodeRuntime } from './nodeRuntime.ts';
import { inOrder, parseRecipe, type Recipe } from './recipe.ts';
import { train } from './train.ts';

const RECIPES = 'recipes';
const QUICK = 'quick.json';

export const USAGE = `usage: npm run -s pretrain -- [options] [RECIPE.json ...]

Makes checkpoints from recipes; without one, from all of those in ${RECIPES}, each after those that it begins from.

  --quick       only ${RECIPES}/${QUICK}, which takes seconds, into a temporary folder
  --out DIR     where the checkpoint folders go (public/models)
  --stop N      stops after step N; the same command without it goes on from there
  --fresh       begins afresh, whatever was saved
  --keep        also writes a folder NAME-STEP at every evaluation, to choose where a training should stop
  --threads N   threads within one operation (1)
  --help        this text

Exit code: 0 done, 1 a training failed, 2 the command line was not understood.`;

type Say = (line: string) => void;

interface Options {
  readonly recipes: readonly string[];
  readonly out: string;
  readonly stop?: number;
  readonly fresh: boolean;
  readonly keep: boolean;
  readonly threads: number;
}

/** @returns the exit code */
export async function main(
  args: readonly string[],
  say: Say = (line) => process.stdout.write(`${line}\n`),
): Promise<number> {
  const options = parse(args);
  if (typeof options === 'string') {
    say(options);
    return options === USAGE ? 0 : 2;
  }
  try {
    // All are read before the first is trained, which may take long.
    const recipes = inOrder(options.recipes.map(readRecipe));
    const runtime = await loadNodeRuntime(options.threads);
    for (const recipe of recipes) await train(recipe, { ...options, runtime, say });
    return 0;
  } catch (error) {
    const { code, message, remedy, details } = toFailure(error);
    say(`${message}\n${remedy}`);
    if (details !== undefined && code === 'internal') say(details);
    return 1;
  }
}

function readRecipe(path: string): Recipe {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UserError(
      'experiment',
      `There is no recipe ${path}.`,
      `Give a file such as ${RECIPES}/${QUICK}.`,
      { cause },
    );
  }
  return parseRecipe(text, path);
}

/** A text is an answer: usage, or what is wrong. */
function parse(args: readonly string[]): Options | string {
  const recipes: string[] = [];
  const values = new Map<string, string>();
  const flags = new Set<string>();
  for (let i = 0; i < args.length; i++) {
    const [name = '', inline] = args[i]!.split(/=(.*)/s);
    if (name === '--help' || name === '-h') return USAGE;
    if (['--quick', '--fresh', '--keep'].includes(name)) flags.add(name);
    else if (['--out', '--stop', '--threads'].includes(name)) {
      const value = inline ?? args[++i];
      if (value === undefined) return `${name} needs a value.\n\n${USAGE}`;
      values.set(name, value);
    } else if (name.startsWith('-')) return `${name} is not an option.\n\n${USAGE}`;
    else recipes.push(args[i]!);
  }
  for (const name of ['--stop', '--threads']) {
    const value = Number(values.get(name) ?? 1);
    if (!(Number.isInteger(value) && value >= 1)) {
      return `${name}=${values.get(name)}: expected a whole number above 0.\n\n${USAGE}`;
    }
  }
  const quick = flags.has('--quick');
  if (quick) recipes.push(join(RECIPES, QUICK));
  const all = () =>
    readdirSync(RECIPES)
      .filter((file) => file.endsWith('.json') && file !== QUICK)
      .sort()
      .map((file) => join(RECIPES, file));
  const stop = values.get('--stop');
  return {
    recipes: recipes.length > 0 ? recipes : all(),
    out: values.get('--out') ?? (quick ? join(tmpdir(), 'tandem-pretrain') : 'public/models'),
    ...(stop !== undefined && { stop: Number(stop) }),
    fresh: flags.has('--fresh'),
    keep: flags.has('--keep'),
    threads: Number(values.get('--threads') ?? 1),
  };
}
