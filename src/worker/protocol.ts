// Everything the page and the compute worker can say to each other, and nothing else.

import type { DeviceClass } from '../backend/device.ts';
import type { Candidate as DroppedCheckpoint, DroppedFile } from '../core/dropped.ts';
import type { Failure } from '../core/errors.ts';
import type { Author, RunEvent } from '../core/events.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import type { ModelCard } from '../core/modelCard.ts';
import type { Candidate, SolvedAlphas } from '../core/ops.ts';
import type { PolicyRole } from '../core/policyEvents.ts';
import type { Preflight } from '../core/preflight.ts';
import type { Role } from '../core/roles.ts';
import type { KeptRun, RunRecord } from '../core/runRecord.ts';
import type { Vocabulary } from '../core/vocabulary.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Reply } from './ask.ts';
import type {
  Alignment,
  DataReport,
  Errand,
  FetchedFile,
  HubFile,
  Stored,
} from './errandProtocol.ts';

export type * from './ask.ts';
export type * from './errandProtocol.ts';
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
  /** Largest buffer and largest part of one that a kernel sees; absent without a device. Bytes. */
  readonly limits?: {
    readonly maxBufferSize: number;
    readonly maxStorageBufferBindingSize: number;
  };
}

export type LoadStage =
  | 'runtime'
  | 'download'
  | 'session'
  | 'warmUp'
  | 'ready'
  /** Train mode: examples are read, the graph is differentiated, */
  | 'data'
  | 'gradients'
  /** and while it runs: held-out problems are answered, what was learned is written. */
  | 'evaluate'
  | 'keep';

/** Progress of making one checkpoint (or the runtime) ready, and of what takes long within a training. */
export interface LoadProgress {
  readonly stage: LoadStage;
  /** Which checkpoint, or absent for what they share. */
  readonly role?: Role;
  readonly id?: string;
  /** Done so far and in all: examples in the data stage, problems in the evaluate stage, else bytes. */
  readonly loaded?: number;
  readonly total?: number;
}

/** A token that may come next. */
export interface Guess extends Candidate {
  readonly text: string;
}

/** What the models think at one place of a text, each by itself and, where the method fuses them, together. */
export interface Inspection {
  /** Most probable tokens with their text, per author. */
  readonly top: Readonly<Partial<Record<Author, readonly Guess[]>>>;
  /** Nats: -log p of the asked token, per author. */
  readonly distance: Readonly<Partial<Record<Author, number>>>;
  /** How far the large model's logits are moved here, where that can be said in a pair of divergences. */
  readonly fusion?: SolvedAlphas;
}

export type ToWorker =
  | Errand
  /** An errand that takes long is to end with what it has. */
  | { readonly type: 'enough'; readonly of: number }
  /** The way to the server that the next errand is about; the port is transferred. */
  | { readonly type: 'door'; readonly port: MessagePort }
  /** Ends an errand that takes long. Answered by `cancelled`, for the errand. */
  | { readonly type: 'cancel'; readonly of: number }
  /** The page went out of sight and may not come back: what is being learned is saved. */
  | { readonly type: 'hidden' }
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
      /** Id of an interrupted training of this very experiment, which goes on; the events before come again. */
      readonly resume?: string;
      /** Of trainings: seconds from one save to the next. */
      readonly saveEvery?: number;
    }
  /** The same for the training that goes on. */
  | { readonly type: 'saveEvery'; readonly seconds: number }
  | { readonly type: 'pause'; readonly run: number }
  | { readonly type: 'resume'; readonly run: number }
  /** One event, then pause; in train mode one optimiser step, with its evaluation if one is due. */
  | { readonly type: 'step'; readonly run: number }
  /** Training by reward: another learning rate at the height of the schedule, from the next step on. */
  | {
      readonly type: 'adjust';
      readonly run: number;
      readonly role: PolicyRole;
      readonly learningRate: number;
    }
  /** In train mode what was learned is kept, and said in a last event, before the run ends. */
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
  | { readonly type: 'inspectionFailed'; readonly request: number; readonly failure: Failure }
  /** What is stored, after `hello` and whenever it has changed. */
  | { readonly type: 'stored'; readonly stored: Stored }
  /** How far an errand is, if it takes long. Bytes, lines or problems. */
  | {
      readonly type: 'errand';
      readonly request: number;
      readonly loaded: number;
      readonly total?: number;
      /** What was done last, for those who watch. */
      readonly last?: { readonly prompt: string; readonly completion: string };
    }
  /** An errand is done that has no other answer. */
  | { readonly type: 'done'; readonly request: number }
  | { readonly type: 'dataRead'; readonly request: number; readonly report: DataReport }
  | {
      readonly type: 'exported';
      readonly request: number;
      /** For the download: `base-small.zip`. */
      readonly name: string;
      readonly file: Blob;
    }
  /** The run under the name by which it is kept; `unsaved` says why it is in memory only, if it should not be. */
  | {
      readonly type: 'runKept';
      readonly request: number;
      readonly run: KeptRun;
      readonly unsaved?: Failure;
    }
  | { readonly type: 'aligned'; readonly request: number; readonly alignment: Alignment }
  | { readonly type: 'runsRead'; readonly request: number; readonly runs: readonly RunRecord[] }
  | {
      readonly type: 'trainingRead';
      readonly request: number;
      readonly events: readonly RunEvent[];
    }
  | { readonly type: 'told'; readonly request: number; readonly reply: Reply }
  | {
      readonly type: 'looked';
      readonly request: number;
      readonly candidates: readonly DroppedCheckpoint[];
    }
  /** `unsaved` says why it is in memory only, if it should not be. */
  | {
      readonly type: 'checkpointKept';
      readonly request: number;
      readonly checkpoint: KeptCheckpoint;
      readonly unsaved?: Failure;
    }
  | {
      readonly type: 'tokenized';
      readonly request: number;
      /** What the chat template made of it. */
      readonly rendered?: string;
      readonly tokens: readonly { readonly id: number; readonly text: string }[];
    }
  /** By checkpoint; one whose tokenizer cannot be read is left out: loading it says why. */
  | {
      readonly type: 'vocabularies';
      readonly request: number;
      readonly vocabularies: Readonly<Record<string, Vocabulary>>;
    }
  | {
      readonly type: 'card';
      readonly request: number;
      readonly card: ModelCard;
      readonly preflight: Preflight;
    }
  | { readonly type: 'hubListed'; readonly request: number; readonly files: readonly HubFile[] }
  /** How far a download is. */
  | { readonly type: 'fetching'; readonly request: number; readonly files: readonly FetchedFile[] }
  /** All of its files are here, not yet a checkpoint; `download` names where they are until then. */
  | {
      readonly type: 'fetched';
      readonly request: number;
      readonly download: string;
      readonly files: readonly DroppedFile[];
    }
  /** An errand was ended by `cancel`. */
  | { readonly type: 'cancelled'; readonly request: number }
  /** An errand came to nothing, and nothing was changed. */
  | { readonly type: 'refused'; readonly request: number; readonly failure: Failure };

/** What the client hands on to the page. */
export type ForPage =
  | Exclude<FromWorker, { readonly type: 'alive' }>
  /** The browser was asked not to clear what is stored, and what it said. */
  | { readonly type: 'stay'; readonly stays: boolean };
