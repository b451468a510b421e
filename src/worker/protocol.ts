// Everything the page and the compute worker can say to each other, and nothing else.

import type { DeviceClass } from '../backend/device.ts';
import type { Candidate as DroppedCheckpoint, DroppedFile, KeepChoice } from '../core/dropped.ts';
import type { Failure } from '../core/errors.ts';
import type { Author, RunEvent } from '../core/events.ts';
import type { HubAddress } from '../core/hubAddress.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import type { ModelCard, PortRoles } from '../core/modelCard.ts';
import type { Candidate, SolvedAlphas } from '../core/ops.ts';
import type { PolicyRole } from '../core/policyEvents.ts';
import type { Preflight } from '../core/preflight.ts';
import type { Role } from '../core/roles.ts';
import type { KeptRun, RunFigures, RunRecord } from '../core/runRecord.ts';
import type { Vocabulary } from '../core/vocabulary.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Ask, AskedModel, Reply } from './ask.ts';

export type * from './ask.ts';
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

/** What was found in a data file, seen with one checkpoint's tokenizer. */
export interface DataReport {
  /** As an experiment names it: `file:<sha256>:<name>`. */
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** Lines that are not blank. */
  readonly lines: number;
  /** Lines that can be learned from. */
  readonly examples: number;
  /** Examples that repeat an earlier one. */
  readonly duplicates: number;
  /** Of all examples, and of the longest. */
  readonly tokens: number;
  readonly longest: number;
  /** Tokens that the checkpoint reads. */
  readonly contextLength: number;
  /** The first few lines that cannot be used, each with its number, from 1, and what is wrong with it. */
  readonly problems: readonly { readonly line: number; readonly what: string }[];
  /** How many such lines there are; with any at all a run is refused. */
  readonly problemCount: number;
  /** A few examples, to look at. */
  readonly preview: readonly { readonly prompt: string; readonly completion: string }[];
}

/** What came of a large model's answers. */
export interface Alignment {
  /** The data file with the answers that ended by themselves. */
  readonly data: { readonly id: string; readonly name: string; readonly bytes: number };
  /** Problems that were asked, and answers that are in the file; the others were cut. */
  readonly asked: number;
  readonly examples: number;
  /** Mean reward of all answers: of a task that has right answers, the share of them. */
  readonly reward: number;
  readonly preview: readonly { readonly prompt: string; readonly completion: string }[];
  /** Why there are fewer than were wished for: it was stopped, or something broke. */
  readonly short?: 'stopped' | Failure;
  /** Why the file is in memory only. */
  readonly unsaved?: Failure;
}

/** A data file that stays in the browser, so that a link or an interrupted run finds it again. */
export interface StoredData {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly saved: number;
  readonly deleted?: number;
}

/** A training that ended before its time: a crash, a closed tab, a lost GPU. */
export interface ResumableRun {
  readonly id: string;
  readonly experiment: Experiment;
  /** Steps that are saved, and steps in all. */
  readonly step: number;
  readonly steps: number;
  /** Milliseconds since 1970. */
  readonly saved: number;
  readonly bytes: number;
}

/** A file on a server of models. */
export interface HubFile {
  readonly path: string;
  /** Absent where the server does not say, as the next. */
  readonly bytes?: number;
  readonly sha256?: string;
}

/** How far a file of a download is. */
export interface FetchedFile {
  readonly path: string;
  readonly loaded: number;
  readonly total?: number;
  readonly state: 'waiting' | 'loading' | 'checking' | 'done';
  /** Compared with what the server says of it; absent where it says nothing. */
  readonly checked?: true;
}

/** A download that was interrupted, and can go on. */
export interface StoredDownload {
  readonly id: string;
  readonly address: string;
  readonly files: readonly HubFile[];
  readonly bytes: number;
  readonly total?: number;
}

/** All that was kept here. What is in the trash has `deleted`; it is emptied at the next start. */
export interface Stored {
  /** Newest first. */
  readonly checkpoints: readonly KeptCheckpoint[];
  readonly data: readonly StoredData[];
  readonly runs: readonly KeptRun[];
  readonly resumable: readonly ResumableRun[];
  /** Trainings that go on, in this tab or another, as far as they are saved. */
  readonly ongoing: readonly ResumableRun[];
  readonly downloads: readonly StoredDownload[];
  /** The browser has promised not to clear it when it runs short of space. */
  readonly lasting: boolean;
  /** Bytes of all of this, and those that the browser still offers, where it says so. */
  readonly bytes: number;
  readonly free?: number;
  /** browser: stays. memory: there is no file system here, so it is gone with the tab; `why` says why. */
  readonly where: 'browser' | 'memory';
  readonly why?: string;
}

/** A small job beside the runs. `request` is the page's own number for it. */
export type Errand =
  /**
   * Look into a data file, dropped now or stored before, with the tokenizer of `checkpoint`. A dropped one is
   * stored if it can be used. Answered by `dataRead`.
   */
  | {
      readonly type: 'readData';
      readonly request: number;
      readonly checkpoint: string;
      /** Its lines are questions whose answers are checked so; absent: examples, with completions. */
      readonly checker?: 'exact' | 'numeric' | 'pattern';
      readonly source: { readonly name: string; readonly file: Blob } | { readonly id: string };
    }
  /** What is stored may have been changed by another tab. Answered by `done`, after `stored`. */
  | { readonly type: 'list'; readonly request: number }
  | {
      readonly type: 'rename';
      readonly request: number;
      readonly id: string;
      readonly name: string;
    }
  /** Into the trash, and out of it: checkpoints, data files and runs. */
  | { readonly type: 'delete'; readonly request: number; readonly id: string }
  | { readonly type: 'restore'; readonly request: number; readonly id: string }
  /** For good: checkpoints and data files, or runs. */
  | {
      readonly type: 'emptyTrash';
      readonly request: number;
      readonly of: 'files' | 'runs';
    }
  /** Forget an interrupted training. */
  | { readonly type: 'discard'; readonly request: number; readonly id: string }
  /** What a training that goes on elsewhere has said until it was last saved. Answered by `trainingRead`. */
  | { readonly type: 'readTraining'; readonly request: number; readonly id: string }
  /** Any checkpoint as a zip file in Hugging Face layout. Answered by `exported`. */
  | { readonly type: 'export'; readonly request: number; readonly id: string }
  /** The same as single files, in a folder of the disk. Answered by `done`. */
  | {
      readonly type: 'exportInto';
      readonly request: number;
      readonly id: string;
      readonly folder: FileSystemDirectoryHandle;
    }
  /** A run that is over stays. Answered by `runKept`. */
  | {
      readonly type: 'keepRun';
      readonly request: number;
      readonly record: RunRecord;
      readonly figures: RunFigures;
    }
  /** Runs that are kept, or those in a file that was dropped. Answered by `runsRead`. */
  | {
      readonly type: 'readRuns';
      readonly request: number;
      readonly source:
        | { readonly ids: readonly string[] }
        | { readonly name: string; readonly file: Blob };
    }
  /** A pinned run does not give way to newer ones. */
  | {
      readonly type: 'pin';
      readonly request: number;
      readonly id: string;
      readonly pinned: boolean;
    }
  /** What are these files, and which checkpoints do they make? Answered by `looked`. */
  | { readonly type: 'look'; readonly request: number; readonly files: readonly DroppedFile[] }
  /** One of those checkpoints stays. Answered by `checkpointKept`. */
  | {
      readonly type: 'keepFiles';
      readonly request: number;
      readonly files: readonly DroppedFile[];
      /** The candidate's folder. */
      readonly folder: string;
      readonly choice: KeepChoice;
      /** Of the download that they came from, which is over then. */
      readonly download?: string;
    }
  /** A text as a checkpoint's tokens. Answered by `tokenized`. */
  | {
      readonly type: 'tokenize';
      readonly request: number;
      readonly checkpoint: string;
      readonly text: string;
      /** Given, even if empty: as chat, the text a user's message after this one of the system. */
      readonly system?: string;
    }
  /** Which of these checkpoints read and write the same tokens? Answered by `vocabularies`. */
  | {
      readonly type: 'vocabularies';
      readonly request: number;
      readonly checkpoints: readonly string[];
    }
  /**
   * Which input and output of a checkpoint is which; without `ports` as it is found by itself. Nothing changes when it
   * cannot be run so. Answered by `done`.
   */
  | {
      readonly type: 'setPorts';
      readonly request: number;
      readonly checkpoint: string;
      readonly ports?: PortRoles;
    }
  /** What a checkpoint is made of, and what can be done with it beside others. Answered by `card`. */
  | {
      readonly type: 'card';
      readonly request: number;
      readonly checkpoint: string;
      readonly others: readonly string[];
    }
  /** The files of a model on a server. Needs a `door`. Answered by `hubListed`. */
  | { readonly type: 'listHub'; readonly request: number; readonly address: HubAddress }
  /** These files from a server; goes on where it was interrupted. Needs a `door`. Answered by `fetched`. */
  | {
      readonly type: 'fetchHub';
      readonly request: number;
      readonly address: HubAddress;
      readonly files: readonly HubFile[];
    }
  /** Kept runs as one file of JSON Lines. Answered by `exported`. */
  | { readonly type: 'exportRuns'; readonly request: number; readonly ids: readonly string[] }
  /**
   * The experiment's large model answers so many problems of its task, drawn under a seed of their own, for a small one
   * to learn from; the answers become a data file. The only errand that computes: runs go first. Answered by `aligned`.
   */
  | {
      readonly type: 'align';
      readonly request: number;
      readonly experiment: Experiment;
      readonly problems: number;
    }
  /** A question about a model's parameters, answered between two events of a run, by `told`. */
  | {
      readonly type: 'ask';
      readonly request: number;
      readonly model: AskedModel;
      readonly ask: Ask;
    };

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
