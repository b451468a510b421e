// How far the models are, as lines that can be shown: what is happening, how much of it is done.

import { checkpointTitle, rolesIn } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { LoadProgress, LoadStage } from '../worker/protocol.ts';
import { bytes, quantity } from './format.ts';
import type { LoadPart, Run } from './run.ts';

export interface LoadLine {
  readonly part: LoadPart;
  readonly title: string;
  readonly text: string;
  /** In [0, 1]; absent while it cannot be known. */
  readonly done?: number;
}

const STAGE: Readonly<Record<LoadStage, string>> = {
  runtime: 'loading ONNX Runtime',
  download: 'reading the checkpoint',
  session: 'building the session',
  warmUp: 'warming up',
  ready: 'ready',
  data: 'reading the examples',
  gradients: 'differentiating the model',
  evaluate: 'answering held-out problems',
  keep: 'keeping what was learned',
};

/** One line for the runtime and one for each model that the run needs. */
export function loadLines(run: Run): readonly LoadLine[] {
  const { progress, experiment } = run;
  const parts: LoadPart[] = ['runtime', ...rolesIn(experiment)];
  // With a model under way the runtime must be there, even if nobody has said so.
  const modelsBegun = parts.some((part) => part !== 'runtime' && progress[part]);
  return parts.map((part) => {
    const title = titleOf(part, experiment);
    const now = progress[part];
    if (part === 'runtime' && modelsBegun) return { part, title, text: STAGE.ready, done: 1 };
    if (!now) return { part, title, text: 'waiting' };
    return { part, title, ...stateOf(now) };
  });
}

function stateOf({ stage, loaded, total }: LoadProgress): Pick<LoadLine, 'text' | 'done'> {
  if (stage === 'ready') return { text: STAGE.ready, done: 1 };
  if (loaded === undefined) return { text: STAGE[stage] };
  const amount = stage === 'data' || stage === 'evaluate' ? quantity : bytes;
  if (total === undefined || total <= 0) return { text: `${STAGE[stage]}: ${amount(loaded)}` };
  return {
    text: `${STAGE[stage]}: ${amount(loaded)} of ${amount(total)}`,
    done: Math.min(1, loaded / total),
  };
}

function titleOf(part: LoadPart, experiment: Experiment): string {
  if (part === 'runtime') return 'Runtime';
  return checkpointTitle(experiment[part]);
}
