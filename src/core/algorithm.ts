// The shape of a decoding algorithm: one paper, one file, one generator. Play is calling next(), pause is
// not calling it, a step is calling it once, stop is return().

import type { DecodeEvent, Role } from './events.ts';
import type { LanguageModel } from './languageModel.ts';
import type { Ops } from './ops.ts';
import type { ParamsOf, ParamsTable, ParamValue } from './params.ts';

export interface DecodeContext<P> {
  /** Only the roles that `roles(params)` names are present. */
  readonly models: Readonly<Record<Role, LanguageModel>>;
  readonly ops: Ops;
  /** Token ids, at least one. */
  readonly prompt: readonly number[];
  /** Most tokens to add. */
  readonly maxTokens: number;
  readonly params: P;
  /** First two words of every draw's address. */
  readonly seed: number;
  readonly run: number;
}

export interface DecodeAlgorithm<T extends ParamsTable = ParamsTable> {
  readonly title: string;
  /** One sentence for someone who has never heard of it. */
  readonly summary: string;
  /** Where it comes from; absent for baselines that nobody needs to be told of. */
  readonly source?: { readonly citation: string; readonly url: string };
  readonly params: T;
  roles(params: ParamsOf<T>): readonly Role[];
  decode(context: DecodeContext<ParamsOf<T>>): AsyncGenerator<DecodeEvent, void, void>;
}

/** An algorithm whose knobs are not known to the compiler, as it comes out of the list. */
export interface AnyAlgorithm extends Omit<DecodeAlgorithm, 'roles' | 'decode'> {
  roles(params: Readonly<Record<string, ParamValue>>): readonly Role[];
  decode(
    context: DecodeContext<Readonly<Record<string, ParamValue>>>,
  ): AsyncGenerator<DecodeEvent, void, void>;
}

/** Keeps the literal types of the params table. */
export function defineAlgorithm<const T extends ParamsTable>(
  algorithm: DecodeAlgorithm<T>,
): DecodeAlgorithm<T> {
  return algorithm;
}
