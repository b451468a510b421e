// What a run tells the world, in the order in which it happens. Charts, the token stream, statistics and
// the command line's JSON lines are functions of these and of nothing else.

import type { Failure } from './errors.ts';
import type { KeptCheckpoint } from './kept.ts';
import type { Candidate, KlPair } from './ops.ts';
import type { PolicyEvent, PolicyTimes } from './policyEvents.ts';
import type { ByRole, Role } from './roles.ts';
import type { TrainEvent, TrainTimes } from './trainEvents.ts';

export type { Role };
/** Who wrote a token: one model, or several whose logits became one. */
export type Author = Role | 'fused';

/** Why the small model hands over to the large one. */
export type HandOverReason =
  /** It was less sure than the fallback threshold. */
  | 'fallback'
  /** It drafted as many tokens as allowed. */
  | 'draftCap'
  /** Its draft ends the text, and nothing ends unverified. */
  | 'finalVerify';

export type FinishReason = 'eos' | 'length';

/** One candidate of a round of chunk-level beam search. */
export interface BeamCandidate {
  /** Its number in this round. */
  readonly row: number;
  /** Number of the beam that it continues, in the round before; absent in the first round. */
  readonly parent?: number;
  /** Written in this round; none if it had ended before. */
  readonly tokens: readonly number[];
  /** Sum of log p_tuned - log p_untuned over all that it has written, nats. */
  readonly score: number;
  /** Its text has ended, or is as long as allowed. */
  readonly finished: boolean;
  /** Its place among those that are kept, 0 the best; absent if it is dropped. */
  readonly rank?: number;
}

/** What a decoding algorithm yields. `at` is an index into the sequence, prompt included. */
export type DecodeEvent =
  | {
      readonly type: 'token';
      readonly at: number;
      readonly token: number;
      readonly by: Author;
      /** The author's own probability of this token. */
      readonly prob: number;
    }
  | {
      readonly type: 'handOver';
      readonly at: number;
      readonly why: HandOverReason;
      /** What the small model would have said, when it was not sure enough. */
      readonly proposal?: Candidate;
      /** Drafted tokens that wait for a verdict. */
      readonly pending: number;
    }
  | {
      readonly type: 'verdict';
      /** Where the draft begins. */
      readonly at: number;
      /** Nats per draft token. */
      readonly distances: readonly number[];
      readonly accepted: number;
    }
  | {
      /** Speculative sampling's verdict: a drafted token stands while its uniform is below its ratio. */
      readonly type: 'speculation';
      /** Where the draft begins. */
      readonly at: number;
      /** p / (lenience q), one per draft token. */
      readonly ratios: readonly number[];
      /** In [0, 1). */
      readonly uniforms: readonly number[];
      readonly accepted: number;
    }
  | {
      /** Dynamic logits fusion has moved the large model's logits; the token drawn from them follows. */
      readonly type: 'fusion';
      readonly at: number;
      /** How far along what each expert has learned. */
      readonly alphas: readonly number[];
      /** Sum over experts of the squared differences between `moved` and `wanted`, nats squared. */
      readonly loss: number;
      /** fused || large, large || fused */
      readonly moved: KlPair;
      /** Per expert: expert || small, small || expert. */
      readonly wanted: readonly KlPair[];
      /** The end of the range that alpha ran into: a better one may lie beyond. */
      readonly edge?: 'low' | 'high';
    }
  | {
      /** Beams that have not ended each went on by a token; `at` is its index in each of them. */
      readonly type: 'beams';
      readonly at: number;
      /** Numbers of the beams, and the token of each. */
      readonly rows: readonly number[];
      readonly tokens: readonly number[];
    }
  | {
      /** A round of the search is over: candidates were judged, and the best are kept. */
      readonly type: 'chunk';
      /** From 0. */
      readonly round: number;
      /** Where the round's tokens begin. */
      readonly at: number;
      /** By row. Row i of the next round continues the candidate of rank i modulo the number of kept ones. */
      readonly candidates: readonly BeamCandidate[];
    }
  | {
      /** All that are kept have ended; this candidate of the last round is the text. */
      readonly type: 'winner';
      readonly round: number;
      readonly row: number;
      /** Nats. */
      readonly score: number;
    }
  | {
      /** `removed` tokens from `at` on are struck out; a token event with the replacement follows. */
      readonly type: 'rollback';
      readonly at: number;
      readonly removed: readonly number[];
    }
  | { readonly type: 'finished'; readonly reason: FinishReason };

/** Work of one model in one generation. */
export interface ModelWork {
  readonly passes: number;
  readonly positions: number;
}

/** By role; small and large always, with zeros where they took no part. */
export interface WorkByRole extends ByRole<ModelWork> {
  readonly small: ModelWork;
  readonly large: ModelWork;
}

/** What one generation cost and gave. Times are active time: pauses do not count. */
export interface GenerationStats extends WorkByRole {
  readonly tokens: number;
  readonly ms: number;
  readonly drafted: number;
  readonly accepted: number;
  readonly rolledBack: number;
  readonly fallbacks: number;
  readonly rollbacks: number;
  /** Bytes copied from the GPU during this generation. */
  readonly bytesReadBack: number;
}

/** A token as it is shown. */
export interface Piece {
  readonly id: number;
  readonly text: string;
}

/**
 * Active milliseconds of the method and of the large model alone over `rounds` repetitions that took turns:
 * the sum of each event's median, so that one interruption does not decide. With 0 rounds (a long text)
 * the times of the run itself.
 */
export interface PairedTiming {
  readonly methodMs: number;
  readonly largeMs: number;
  readonly rounds: number;
}

/** What one run yields; the stream of these is the run's record. */
export type RunEvent =
  | {
      /** A generation begins: the prompt as the models read it. */
      readonly type: 'prompt';
      readonly pieces: readonly Piece[];
      readonly maxTokens: number;
    }
  | {
      readonly type: 'decode';
      readonly event: DecodeEvent;
      /** Active milliseconds since the previous event of this generation. */
      readonly ms: number;
      /** Text of the event's token, if it has one. */
      readonly text?: string;
      /** Text of each of its beams' tokens, or of each of its candidates' new tokens. */
      readonly texts?: readonly string[];
    }
  | {
      /** The method's generation is complete. */
      readonly type: 'generated';
      readonly tokens: readonly number[];
      readonly text: string;
      readonly reason: FinishReason;
      readonly stats: GenerationStats;
    }
  | {
      /** The large model alone on the same prompt, measured in the same run. */
      readonly type: 'baseline';
      readonly tokens: readonly number[];
      readonly text: string;
      readonly reason: FinishReason;
      readonly stats: GenerationStats;
      /** For the speed-up: both methods' times on this prompt. */
      readonly timing: PairedTiming;
      /**
       * Milliseconds of one cached one-token pass, the median over this run; for the cost model. Only of models
       * that made such passes alone, with nothing else between two events.
       */
      readonly passMs: ByRole<number>;
    }
  | {
      /** One contender's answer to one problem of an evaluation or a sweep. */
      readonly type: 'answer';
      /** The problem: number `index` of those of this seed. */
      readonly seed: number;
      readonly index: number;
      /** Number among the experiment's contenders. */
      readonly contender: number;
      readonly prompt: string;
      /** The right answer; of a task that is not verifiable, an example of a good one. */
      readonly expected: string;
      readonly text: string;
      /** In [0, 1]; 1 is right. */
      readonly reward: number;
      readonly stats: GenerationStats;
    }
  | {
      /** A contender cannot run as it is set: it is asked no more, and the others go on. */
      readonly type: 'withdrawn';
      readonly contender: number;
      readonly failure: Failure;
    }
  | {
      readonly type: 'train';
      readonly event: TrainEvent;
      /** Active milliseconds since the train event before: the sum of `times`. */
      readonly ms: number;
      readonly times: TrainTimes;
    }
  | {
      readonly type: 'policy';
      readonly event: PolicyEvent;
      /** Active milliseconds since the policy event before: the sum of `times`. */
      readonly ms: number;
      readonly times: PolicyTimes;
    }
  | {
      /** What the model in training writes for a held-out prompt; comes before the evaluation it is part of. */
      readonly type: 'sample';
      /** Where two models learn: which of them wrote. */
      readonly role?: Role;
      /** Steps made. */
      readonly step: number;
      /** Number of the held-out example; the same ones at every evaluation. */
      readonly index: number;
      readonly prompt: string;
      readonly expected: string;
      readonly text: string;
      readonly correct: boolean;
    }
  | {
      /** Trained weights are a checkpoint now, which any role can choose. */
      readonly type: 'kept';
      /** The role that was trained. */
      readonly role: Role;
      readonly checkpoint: KeptCheckpoint;
    }
  | {
      /** Pinned parameters to begin with, and after each optimiser step of their model, before the step's own event. */
      readonly type: 'watched';
      readonly role: Role;
      /** Steps made. */
      readonly step: number;
      /** One for each of the experiment's pins of this role; NaN where the model has no such number. */
      readonly values: readonly number[];
      /** Of the gradient that the step used, before clipping; NaN to begin with. */
      readonly gradients: readonly number[];
      /** Share of all parameters that are further from where they began than the experiment says. */
      readonly moved?: number;
    }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'completed' };
