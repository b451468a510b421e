// Small jobs beside the runs, as page and worker speak of them: what is asked for, and what is kept and found.

import type { DroppedFile, KeepChoice } from '../core/dropped.ts';
import type { Failure } from '../core/errors.ts';
import type { HubAddress } from '../core/hubAddress.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import type { PortRoles } from '../core/modelCard.ts';
import type { KeptRun, RunFigures, RunRecord } from '../core/runRecord.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Ask, AskedModel } from './ask.ts';

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
