// The shape of a decoding algorithm: one paper, one file, one generator. Play is calling next(), pause is
// not calling it, a step is calling it once, stop is return().

import type { Author, DecodeEvent } from './events.ts';
import type { LanguageModel } from './languageModel.ts';
import type { Ops } from './ops.ts';
import type { ParamsOf, ParamsTable, ParamValue } from './params.ts';
import type { ByRole, Role } from './roles.ts';
import type { TextCodec } from './textCodec.ts';

export interface DecodeContext<P, R extends Role = Role> {
  /** Only the roles that `roles(params)` names are present. */
  readonly models: Readonly<Record<R, LanguageModel>>;
  /**
   * Every role's own way from text to ids and back, when one of them reads with a tokenizer of its own (see
   * `ownVocabulary`). Absent when all share one vocabulary: ids then mean the same to everyone.
   */
  readonly text?: ByRole<TextCodec>;
  readonly ops: Ops;
  /** Token ids, at least one; the large model's, where vocabularies differ. */
  readonly prompt: readonly number[];
  /** Most tokens to add. */
  readonly maxTokens: number;
  readonly params: P;
  /** First two words of every draw's address. */
  readonly seed: number;
  readonly run: number;
}

export interface DecodeAlgorithm<T extends ParamsTable = ParamsTable, R extends Role = Role> {
  readonly title: string;
  /** One sentence for someone who has never heard of it. */
  readonly summary: string;
  /** Where it comes from; absent for baselines that nobody needs to be told of. */
  readonly source?: { readonly citation: string; readonly url: string };
  readonly params: T;
  roles(params: ParamsOf<T>): readonly R[];
  /** What each model that may take part does, one line. */
  readonly parts: ByRole<string>;
  /** Models that may have another tokenizer than the rest; all others must share one vocabulary. */
  readonly ownVocabulary?: readonly Role[];
  /** Who writes the tokens, where it is not each of its models. */
  readonly authors?: readonly Author[];
  /** Do the knobs go together? Asked before anything is loaded. @throws UserError 'experiment' */
  check?(params: ParamsOf<T>): void;
  /** The small model's tokens are drafts until the large one has judged them. */
  readonly drafts?: true;
  decode(context: DecodeContext<ParamsOf<T>, R>): AsyncGenerator<DecodeEvent, void, void>;
}

/** An algorithm whose knobs are not known to the compiler, as it comes out of the list. */
export interface AnyAlgorithm extends Omit<DecodeAlgorithm, 'roles' | 'check' | 'decode'> {
  roles(params: Readonly<Record<string, ParamValue>>): readonly Role[];
  check?(params: Readonly<Record<string, ParamValue>>): void;
  /** Whoever calls it sees to it that the models of `roles` are there. */
  decode(
    context: DecodeContext<Readonly<Record<string, ParamValue>>, never>,
  ): AsyncGenerator<DecodeEvent, void, void>;
}

/** Keeps the literal types of the params table, and which models there can be. */
export function defineAlgorithm<const T extends ParamsTable, R extends Role>(
  algorithm: DecodeAlgorithm<T, R>,
): DecodeAlgorithm<T, R> {
  return algorithm;
}
