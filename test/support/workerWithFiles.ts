// A worker to which checkpoints are brought as files, and which runs them.

import type { RunEvent } from '../../src/core/events.ts';
import { defaultsOf } from '../../src/core/params.ts';
import { methods } from '../../src/experiment/catalogue.ts';
import { defaultExperiment, type Experiment } from '../../src/experiment/experiment.ts';
import { MODEL_PATH } from '../../src/models/canonical.ts';
import type { FromWorker } from '../../src/worker/protocol.ts';
import type { Files } from '../families/folders.ts';
import { talk } from './talk.ts';

/** The answer, if it is of that kind. */
export const is = <T extends FromWorker['type']>(type: T, answer: FromWorker) => {
  if (answer.type !== type) throw new Error(JSON.stringify(answer));
  return answer as Extract<FromWorker, { type: T }>;
};

export async function workerWithFiles() {
  const worker = await talk();
  let runs = 0;
  return {
    ...worker,
    async keep(name: string, files: Files): Promise<string> {
      const dropped = [...files].map(([path, bytes]) => ({
        path: `${name}/${path}`,
        file: new Blob([bytes]),
      }));
      const choice = { name, variant: `${name}/${MODEL_PATH}` };
      const answer = await worker.ask({ type: 'keepFiles', files: dropped, folder: name, choice });
      return is('checkpointKept', answer).checkpoint.id;
    },
    async run(changes: Partial<Experiment>): Promise<readonly RunEvent[]> {
      const run = ++runs;
      const experiment: Experiment = {
        ...defaultExperiment,
        method: 'greedy',
        params: defaultsOf(methods.greedy.params),
        prompt: 'say 7',
        maxTokens: 8,
        ...changes,
      };
      worker.begin(run, experiment);
      const over = () => worker.said.some((one) => one.type === 'ended' && one.run === run);
      await worker.until(over);
      return worker.said.flatMap((one) =>
        one.type === 'events' && one.run === run ? one.events : [],
      );
    },
  };
}
