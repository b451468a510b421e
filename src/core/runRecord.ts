// A run that is over, whole: what was asked, what happened, and where. Kept in the browser, exported, and read again to
// the same charts.

import type { RunEvent } from './events.ts';

export type RunOutcome = 'completed' | 'stopped' | 'failed';

/** Where it ran; the same seed gives the same tokens only here. */
export interface RunPlace {
  readonly provider: 'wasm' | 'webgpu';
  readonly kernels: 'cpu' | 'webgpu';
  /** The adapter in words, empty without one. */
  readonly adapter: string;
  /** Version of Tandem and commit. */
  readonly build: string;
}

export interface RunRecord {
  readonly name: string;
  /** The experiment, as a link's fragment. */
  readonly recipe: string;
  readonly outcome: RunOutcome;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly place: RunPlace;
  readonly events: readonly RunEvent[];
}

/** What a list of runs says of one, in few words each. */
export interface RunFigures {
  /** "97.5 % of 200", "86 tokens". */
  readonly result: string;
  readonly speed: string;
  readonly speedUp: string;
}

/** Most runs that stay and are not pinned, and bytes of theirs; beyond, the oldest give way. */
export const RUNS_KEPT = { count: 200, bytes: 100_000_000 } as const;

/** A run that stays in the browser, as it is listed: everything but its events. */
export interface KeptRun extends Omit<RunRecord, 'events'>, RunFigures {
  /** `run:<sha256 of its file>:<name>`. */
  readonly id: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly saved: number;
  /** It does not give way to newer ones. */
  readonly pinned: boolean;
  /** When it was put into the trash, if it is there. Milliseconds since 1970. */
  readonly deleted?: number;
  /** In memory only, gone with the tab. */
  readonly temporary?: boolean;
}
