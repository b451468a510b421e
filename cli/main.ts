// `npm run tandem -- LINK`: a run of the page, without the page. Prints every event as a line of JSON, so that
// whatever reads JSON can make tables of it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toFailure } from '../src/core/errors.ts';
import { ROLES } from '../src/core/roles.ts';
import { compareDigest } from '../src/experiment/digest.ts';
import { decode } from '../src/experiment/link.ts';
import { cleanName } from '../src/experiment/names.ts';
import { planNames, plannedOf } from '../src/experiment/study.ts';
import { furnish, loadCheckpoints } from '../src/worker/furnish.ts';
import { createLibrary } from '../src/worker/library.ts';
import { checkMethod, rolesNeeded, rolesWithOwnVocabulary } from '../src/worker/roles.ts';
import { runExperiment } from '../src/worker/runExperiment.ts';
import { type Options, parseArguments, USAGE } from './arguments.ts';
import { findMachine } from './machine.ts';
import { diskFolder } from './nodeRuntime.ts';
import { runTraining } from './runTraining.ts';

type Say = (line: string) => void;

/** @returns the exit code: 0 done, 1 the run failed, 2 the command line was not understood */
export async function main(
  args: readonly string[],
  out: Say = (line) => process.stdout.write(`${line}\n`),
  say: Say = (line) => process.stderr.write(`${line}\n`),
): Promise<number> {
  const parsed = parseArguments(args, (path) => readFileSync(path === '-' ? 0 : path, 'utf8'));
  if ('help' in parsed) {
    out(USAGE);
    return 0;
  }
  if ('problem' in parsed) {
    say(`${parsed.problem}\n\n${USAGE}`);
    return 2;
  }
  try {
    await run(parsed, out, say);
    return 0;
  } catch (error) {
    const { code, message, remedy, details } = toFailure(error);
    say(`${message}\n${remedy}`);
    if (details !== undefined && (code === 'internal' || parsed.verbose)) say(details);
    return 1;
  }
}

async function run(options: Options, out: Say, say: Say): Promise<void> {
  const { experiment, problems, digest } = decode(options.hash);
  for (const problem of problems) say(problem);
  checkMethod(experiment);
  const { runtime, backend } = await findMachine(experiment, options.threads, say);
  const given = ROLES.flatMap((role) => {
    const folder = options[role];
    return folder === undefined ? [] : [[role, folder] as const];
  });
  const folders = new Set(given.map(([, folder]) => folder));
  const named = { ...experiment, ...Object.fromEntries(given) };
  const folderOf = (id: string) =>
    folders.has(id) ? diskFolder(id) : diskFolder(join(options.models, id), id);
  if (experiment.mode === 'train') {
    const { data, out: folder } = options;
    const files = {
      ...(data !== undefined && { data }),
      ...(folder !== undefined && { out: folder }),
    };
    const training = { experiment: named, runtime, backend, folderOf, say, ...files };
    for await (const event of runTraining(training)) out(JSON.stringify(event));
    return;
  }
  if (experiment.mode === 'study') {
    const names = planNames(experiment.study.plans);
    for (const { plan, seed, experiment: one } of plannedOf(named)) {
      const name = names[plan] ?? '';
      say(`${name}, seed ${seed}`);
      // Each is an ordinary training; what it learned goes into a folder of its own.
      const training = {
        experiment: one,
        runtime,
        backend,
        folderOf,
        say,
        ...(options.data !== undefined && { data: options.data }),
        ...(options.out !== undefined && { out: join(options.out, `${cleanName(name)} ${seed}`) }),
      };
      for await (const event of runTraining(training)) {
        out(JSON.stringify({ plan: name, seed, ...event }));
      }
    }
    return;
  }
  const checkpoints = await loadCheckpoints({
    experiment: named,
    roles: rolesNeeded(experiment),
    runtime,
    folderOf,
    library: createLibrary(),
  });
  try {
    const room = furnish(checkpoints, backend, rolesWithOwnVocabulary(experiment));
    for await (const event of runExperiment(experiment, room)) {
      out(JSON.stringify(event));
      if (event.type !== 'generated' || digest === undefined) continue;
      const verdict = compareDigest(digest, event.tokens);
      say(
        verdict.same
          ? 'Same tokens as the link.'
          : `Not the link’s tokens: number ${verdict.at + 1} is the first that differs.`,
      );
    }
  } finally {
    for (const checkpoint of new Set(Object.values(checkpoints))) await checkpoint.release();
  }
}
