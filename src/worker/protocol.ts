// Everything the page and the compute worker can say to each other, and nothing else.

import type { DeviceClass } from '../backend/device.ts';
import type { Failure } from '../core/errors.ts';
import type { Role, RunEvent } from '../core/events.ts';
import type { Candidate } from '../core/ops.ts';
import type { Experiment } from '../experiment/experiment.ts';

export type { DeviceClass };

export interface Hardware {
  readonly deviceClass: DeviceClass;
  /** The adapter in words, empty when there is none. */
  readonly adapter: string;
  /** One sentence: why this class, and what to do to change it. */
  readonly why: string;
  /** What `auto` means here. */
  readonly provider: 'wasm' | 'webgpu';
  readonly kernels: 'cpu' | 'webgpu';
  readonly features: readonly string[];
}

export type LoadStage = 'runtime' | 'download' | 'session' | 'warmUp' | 'ready';

/** Progress of making one checkpoint (or the runtime) ready. */
export interface LoadProgress {
  readonly stage: LoadStage;
  /** Which checkpoint, or absent for what they share. */
  readonly role?: Role;
  readonly id?: string;
  /** Bytes so far and in all, in the download and runtime stages. */
  readonly loaded?: number;
  readonly total?: number;
}

/** What both models think at one place of a text. */
export interface Inspection {
  /** Most probable tokens with their text, per role. */
  readonly top: Readonly<Partial<Record<Role, readonly (Candidate & { readonly text: string })[]>>>;
  /** Nats: -log p of the asked token, per role. */
  readonly distance: Readonly<Partial<Record<Role, number>>>;
}

export type ToWorker =
  /** Find out what hardware there is; answered by `hardware`. Sent once. */
  | { readonly type: 'hello'; readonly baseUrl: string }
  /** Are you there? Answered by `alive` as soon as nothing else is being computed. */
  | { readonly type: 'ping' }
  /** Begin a run, at full speed or waiting for `next`. Replaces a run that is going on. */
  | {
      readonly type: 'start';
      readonly run: number;
      readonly experiment: Experiment;
      readonly paused: boolean;
    }
  | { readonly type: 'pause'; readonly run: number }
  | { readonly type: 'resume'; readonly run: number }
  /** One event, then pause. */
  | { readonly type: 'step'; readonly run: number }
  | { readonly type: 'stop'; readonly run: number }
  /** What do the models say after `prefix`, and how far is `token` from it? */
  | {
      readonly type: 'inspect';
      readonly request: number;
      readonly experiment: Experiment;
      readonly prefix: readonly number[];
      readonly token: number;
    };

export type FromWorker =
  | { readonly type: 'hardware'; readonly hardware: Hardware }
  | { readonly type: 'alive' }
  | { readonly type: 'progress'; readonly run: number; readonly progress: LoadProgress }
  /** What the run uses in the end, once its models are ready. */
  | {
      readonly type: 'running';
      readonly run: number;
      readonly provider: 'wasm' | 'webgpu';
      readonly kernels: 'cpu' | 'webgpu';
    }
  /** Events gathered over at most 50 ms. */
  | { readonly type: 'events'; readonly run: number; readonly events: readonly RunEvent[] }
  /** The run is over: completed, stopped, or failed (its last event says why). */
  | { readonly type: 'ended'; readonly run: number }
  | { readonly type: 'inspected'; readonly request: number; readonly inspection: Inspection }
  | { readonly type: 'inspectionFailed'; readonly request: number; readonly failure: Failure };

/** What the client hands on to the page. */
export type ForPage = Exclude<FromWorker, { readonly type: 'alive' }>;
