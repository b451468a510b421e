// What goes on in the place for checkpoints: what was dropped and is not kept yet, what is being fetched, and the
// checkpoint that is looked at.

import type { Candidate, DroppedFile } from '../core/dropped.ts';
import type { Failure } from '../core/errors.ts';
import type { HubAddress } from '../core/hubAddress.ts';
import type { ModelCard } from '../core/modelCard.ts';
import type { Preflight } from '../core/preflight.ts';
import type { FetchedFile, HubFile } from '../worker/protocol.ts';

/** What was dropped stays here until it is kept or put away, so that what is missing can be dropped later. */
export interface Tray {
  readonly files: readonly DroppedFile[];
  /** Absent while the files are looked into. */
  readonly candidates?: readonly Candidate[];
  readonly failure?: Failure;
  /** The hub address that they came from, and the download that holds them. */
  readonly source?: string;
  readonly download?: string;
}

/** A candidate on its way into the browser. */
export interface Keeping {
  readonly request: number;
  /** In [0, 1]. */
  readonly done?: number;
}

export type HubState = {
  readonly address: HubAddress;
  readonly request: number;
} & (
  | { readonly state: 'listing' }
  | { readonly state: 'listed'; readonly files: readonly HubFile[] }
  | { readonly state: 'fetching'; readonly fetched: readonly FetchedFile[] }
);

export type CardState = { readonly id: string } & (
  | { readonly state: 'reading' }
  | { readonly state: 'read'; readonly card: ModelCard; readonly preflight: Preflight }
  | { readonly state: 'failed'; readonly failure: Failure }
);

export interface TriedText {
  readonly text: string;
  /** As chat, after this message of the system. */
  readonly system?: string;
  /** What the chat template made of it. */
  readonly rendered?: string;
  readonly tokens?: readonly { readonly id: number; readonly text: string }[];
  readonly failure?: Failure;
}

export interface ModelsState {
  readonly tray?: Tray;
  /** By the candidate's folder. */
  readonly keeping: Readonly<Record<string, Keeping>>;
  /** Why one could not be kept. */
  readonly failures: Readonly<Record<string, Failure>>;
  readonly hub?: HubState;
  readonly hubFailure?: Failure;
  readonly card?: CardState;
  readonly tried?: TriedText;
  /** Why what was said of inputs and outputs cannot be. */
  readonly portsFailure?: Failure;
}

export const noModels: ModelsState = { keeping: {}, failures: {} };
