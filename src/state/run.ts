// A run as the page knows it: its experiment and what the worker has said about it so far.

import type { Failure } from '../core/errors.ts';
import type { Author, RunEvent } from '../core/events.ts';
import type { Role } from '../core/roles.ts';
import { methods } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { ForPage, LoadProgress } from '../worker/protocol.ts';
import { forgetful } from './forget.ts';

export type RunStatus =
  | 'loading'
  | 'running'
  | 'paused'
  | 'stopping'
  | 'completed'
  | 'stopped'
  | 'failed'
  /** It goes on in another tab, and is seen here as far as it is saved there. */
  | 'watched';

/** Whose progress a line shows. */
export type LoadPart = 'runtime' | Role;

export interface Run {
  readonly id: number;
  readonly experiment: Experiment;
  readonly status: RunStatus;
  /** It is to wait for the next step once its models are ready. */
  readonly held: boolean;
  /** A new array whenever something was added, so that what is derived can be kept by identity. */
  readonly events: readonly RunEvent[];
  readonly progress: Readonly<Partial<Record<LoadPart, LoadProgress>>>;
  /** What it uses in the end; absent while loading. */
  readonly uses?: { readonly provider: 'wasm' | 'webgpu'; readonly kernels: 'cpu' | 'webgpu' };
  readonly failure?: Failure;
  /** Digest of the tokens that the link's sender had. */
  readonly expectedDigest?: string;
  /** Milliseconds since 1970. */
  readonly started: number;
  /** Under which id it is kept, once it is. */
  readonly kept?: string;
  /** Of a watched run: the training that is saved, and when it was last. */
  readonly watched?: { readonly id: string; readonly saved: number };
}

export function newRun(
  id: number,
  experiment: Experiment,
  held: boolean,
  expectedDigest?: string,
  started = Date.now(),
): Run {
  return {
    id,
    experiment,
    status: 'loading',
    held,
    events: [],
    progress: {},
    started,
    ...(expectedDigest === undefined ? {} : { expectedDigest }),
  };
}

/** Still at work, or able to go on. */
export const isActive = (run: Run): boolean =>
  run.status === 'loading' ||
  run.status === 'running' ||
  run.status === 'paused' ||
  run.status === 'stopping';

/** The models that the method itself uses. */
export const rolesOf = ({ method, params }: Experiment): readonly Role[] =>
  methods[method].roles(params);

/** Does the small model write drafts that the large one judges? */
export const drafts = ({ method }: Experiment): boolean => methods[method].drafts === true;

/** How the large model judges a draft: by how far it is from it, or by chance, so that the text is as its own. */
export const judgedBy = (experiment: Experiment): 'distance' | 'chance' | undefined => {
  if (!drafts(experiment)) return undefined;
  return 'rollbackThreshold' in methods[experiment.method].params ? 'distance' : 'chance';
};

/** Do several models' logits become one at every token? */
export const fuses = ({ method }: Experiment): boolean =>
  methods[method].authors?.includes('fused') === true;

/** Are several candidates written at a time, and some of them chosen? */
export const searches = ({ method }: Experiment): boolean => methods[method].searches === true;

/** Who writes the tokens of its text. */
export const authorsOf = (experiment: Experiment): readonly Author[] =>
  methods[experiment.method].authors ?? rolesOf(experiment);

/** Do several models take part, so that there is a large one to compare the method with? */
export const severalModels = (experiment: Experiment): boolean => rolesOf(experiment).length > 1;

/** Has anything come out of it yet? */
export const hasContent = ({ events }: Run): boolean =>
  events.some(({ type }) => CONTENT.includes(type));

const CONTENT: readonly RunEvent['type'][] = ['prompt', 'answer', 'train', 'policy'];

export type RunMessage = Extract<ForPage, { readonly run: number }>;

/** The run after one message of the worker. What arrives after the end is not heard. */
export function receive(run: Run, message: RunMessage): Run {
  if (!isActive(run)) return run;
  switch (message.type) {
    case 'progress': {
      const { progress } = message;
      const part: LoadPart = progress.role ?? 'runtime';
      return { ...run, progress: { ...run.progress, [part]: progress } };
    }
    case 'running': {
      const { provider, kernels } = message;
      const status = run.status === 'loading' ? (run.held ? 'paused' : 'running') : run.status;
      return { ...run, status, uses: { provider, kernels } };
    }
    case 'events': {
      const failed = message.events.find((event) => event.type === 'failed');
      return {
        ...run,
        events: forgetful([...run.events, ...message.events]),
        ...(failed ? { failure: failed.failure } : {}),
      };
    }
    case 'ended': {
      const completed = run.events.at(-1)?.type === 'completed';
      return { ...run, status: run.failure ? 'failed' : completed ? 'completed' : 'stopped' };
    }
    default:
      return message satisfies never;
  }
}

/** The method's own generation, once it is complete. */
export const generatedOf = (run: Run) => lastOf(run.events, 'generated');
/** The large model alone on the same prompt, once it was measured. */
export const baselineOf = (run: Run) => lastOf(run.events, 'baseline');

function lastOf<T extends RunEvent['type']>(
  events: readonly RunEvent[],
  type: T,
): Extract<RunEvent, { type: T }> | undefined {
  const is = (event: RunEvent): event is Extract<RunEvent, { type: T }> => event.type === type;
  return events.findLast(is);
}
