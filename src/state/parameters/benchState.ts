// What the page knows of the parameters it looks into.

import type { Edit, Target } from '../../core/dials.ts';
import type { Failure } from '../../core/errors.ts';
import type { Found, Next, Opened, Writing } from '../../worker/protocol.ts';

export interface Accuracy {
  /** Rewards so far, by problem. */
  readonly untouched: readonly number[];
  readonly turned: readonly number[];
  readonly of: number;
}

/** A whole model at so many bits. */
export interface Rounded {
  /** KL from the untouched model's next token, nats. */
  readonly divergence: number;
  /** Mean reward, over so many problems. */
  readonly rate: number;
  readonly of: number;
}

export interface BenchState {
  /** By checkpoint. */
  readonly opened: Readonly<Record<string, Opened>>;
  readonly failed: Readonly<Record<string, Failure>>;
  /** Checkpoints that are being read, with what share is here. */
  readonly opening: Readonly<Record<string, number>>;
  readonly next?: Next | undefined;
  /** Why there is none. */
  readonly nextFailure?: Failure | undefined;
  /** Milliseconds from the turn of the dial to the new distribution on the page. */
  readonly latency?: number | undefined;
  readonly writing?: Writing | undefined;
  readonly accuracy?: Accuracy | undefined;
  /** Are the answers for the dials as they are? */
  readonly fresh: boolean;
  readonly found?: (Found & { readonly key: string }) | undefined;
  readonly finding: boolean;
  readonly findFailure?: Failure | undefined;
  /** The whole model at fewer bits, by checkpoint and bits, as far as it was measured. */
  readonly rounding: Readonly<Record<string, Rounded>>;
  readonly measuring: boolean;
  /** What the dial is about to turn, once somebody has chosen it. */
  readonly target?: Target;
  /** Edits that were undone, the last one first. */
  readonly undone: readonly Edit[];
}
