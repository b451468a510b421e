// A recipe: everything that a built-in checkpoint is made of, as one small file. With the same code, the same
// recipe gives the same weights.

import * as v from 'valibot';
import { type SftParams, sftParams } from '../src/algorithms/sft.ts';
import { UserError } from '../src/core/errors.ts';
import { checkParam, defaultsOf } from '../src/core/params.ts';
import { type TaskId, tasks } from '../src/tasks/index.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const seed = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 1));
const name = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]*$/));
const isTask = (name: string): name is TaskId => Object.hasOwn(tasks, name);

const schema = v.strictObject({
  name,
  /** For people: what this checkpoint is for. */
  purpose: v.string(),
  /** Of a model that begins with random weights. */
  architecture: v.optional(
    v.strictObject({ layers: count, width: count, heads: count, context: count }),
  ),
  /** Name of the checkpoint that it begins with instead. */
  from: v.optional(name),
  /** A checkpoint whose own greedy answers to the first so many problems are learned (METHODS 3.4). */
  teacher: v.optional(v.strictObject({ name, answers: count })),
  tasks: v.pipe(
    v.array(
      v.strictObject({
        task: v.custom<TaskId>(
          (name) => typeof name === 'string' && isTask(name),
          `expected one of ${Object.keys(tasks).join(', ')}`,
        ),
        difficulty: v.number(),
        /** Examples of this task among all, relative to the other shares. */
        share: v.pipe(v.number(), v.gtValue(0)),
        /** Only examples whose reward is at least this. */
        atLeast: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
      }),
    ),
    v.minLength(1),
  ),
  /** Of the first weights and of the examples. */
  seed,
  /** Rows of one pass; changes rounding and speed only. */
  microBatch: v.optional(count, 8),
  /** Problems per task that accuracy is measured on. */
  problems: count,
  training: v.record(v.string(), v.union([v.number(), v.string()])),
});

export interface Recipe extends Omit<v.InferOutput<typeof schema>, 'training'> {
  readonly training: SftParams;
}

/** @throws UserError 'experiment' naming what is wrong, and where */
export function parseRecipe(text: string, file: string): Recipe {
  const fail = (what: string): never => {
    throw new UserError(
      'experiment',
      `${file} is not a recipe: ${what}.`,
      'Compare it with the recipes that come with the project.',
    );
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail('it is not JSON');
  }
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return fail(`${v.getDotPath(issue) ?? 'the top level'}: ${issue.message}`);
  }
  const { training, ...recipe } = parsed.output;
  const table: Readonly<Record<string, (typeof sftParams)[keyof typeof sftParams]>> = sftParams;
  for (const [key, given] of Object.entries(training)) {
    const spec = table[key];
    if (!spec) return fail(`training.${key}: there is no such setting`);
    const checked = checkParam(spec, given);
    if (!checked.ok) return fail(`training.${key}: ${checked.expected}`);
  }
  const { architecture, from } = recipe;
  if ((architecture === undefined) === (from === undefined)) {
    return fail('it needs either an architecture or a checkpoint that it begins from');
  }
  if (architecture && architecture.width % architecture.heads !== 0) {
    return fail('architecture.width is no multiple of architecture.heads');
  }
  for (const { task, difficulty } of recipe.tasks) {
    const checked = checkParam(tasks[task].difficulty, difficulty);
    if (!checked.ok) return fail(`the difficulty of ${task}: ${checked.expected}`);
  }
  return { ...recipe, training: { ...defaultsOf(sftParams), ...training } };
}

/** Every recipe after those whose checkpoints it needs; otherwise in the order given. */
export function inOrder(recipes: readonly Recipe[]): Recipe[] {
  const done = new Set<Recipe>();
  const visit = (recipe: Recipe) => {
    if (done.has(recipe)) return;
    done.add(recipe);
    const needed = [recipe.from, recipe.teacher?.name];
    for (const other of recipes) if (needed.includes(other.name)) visit(other);
    order.push(recipe);
  };
  const order: Recipe[] = [];
  for (const recipe of recipes) visit(recipe);
  return order;
}
