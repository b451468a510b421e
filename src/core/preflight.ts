// What can be done with a checkpoint on this machine, said before anything is loaded: one line per thing that one
// may want to do with it, and why not where it cannot be done.

import type { MappedPort } from './modelCard.ts';

export interface Verdict {
  readonly can: boolean;
  /** One or two sentences: what stands in the way, or what to expect. Empty when there is nothing to say. */
  readonly why: string;
  /** Operators that stand in the way. */
  readonly operators?: readonly string[];
}

/** With a model that is loaded or chosen. */
export interface JoinVerdict extends Verdict {
  /** The other checkpoint. */
  readonly with: string;
  readonly sharedVocabulary: boolean;
  /** Titles of methods that the two can run together. */
  readonly methods: readonly string[];
}

/** Bytes. */
export interface MemoryNeed {
  readonly weights: number;
  /** Keys and values of one token, and of a whole context. */
  readonly cachePerToken: number;
  readonly cacheFull: number;
  /** To write: weights, and caches of a whole context. */
  readonly run: number;
  /** On the processor, at most, while it is loaded. */
  readonly load: number;
  /** Weights, gradients and both moments as float32; what is kept between the passes comes on top. */
  readonly trainFully: number;
  readonly trainWithLora: number;
}

/** What can be had of memory. Bytes. */
export interface MemoryHad {
  /** Of WebAssembly. */
  readonly addressable: number;
  /** The largest weight that a GPU takes; how much memory it has, no browser says. Absent without a usable one. */
  readonly onePiece?: number;
}

/** Of a checkpoint that is loaded. Bytes. */
export interface MeasuredMemory {
  /** By how much WebAssembly's memory grew while it was loaded. */
  readonly grown: number;
  /** What it had then, with everything else that was loaded. */
  readonly all: number;
}

export interface Preflight {
  readonly gpu: Verdict;
  readonly cpu: Verdict;
  readonly trainFully: Verdict;
  readonly trainWithLora: Verdict;
  readonly joins: readonly JoinVerdict[];
  readonly memory: MemoryNeed;
  readonly had: MemoryHad;
  /** Absent where it is not loaded, or where this cannot be measured. */
  readonly measured?: MeasuredMemory;
  readonly mapping: readonly MappedPort[];
}
