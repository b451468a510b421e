// What a run needs and does not choose itself: models that are loaded, the tokenizer they share, and where
// kernels run. The worker furnishes it in the page, the command line in Node, tests with table models.

import type { Role } from '../core/events.ts';
import type { LanguageModel } from '../core/languageModel.ts';
import type { Ops } from '../core/ops.ts';

/** Text and tokens, as far as a run needs them. */
export interface TextCodec {
  /** Ids of a prompt. @throws UserError 'prompt' */
  encode(text: string): readonly number[];
  /** Text of ids, special tokens left out. */
  decode(ids: readonly number[]): string;
  /** One token as it is shown. */
  piece(id: number): string;
}

export interface Room {
  /** At least the roles that the experiment needs; see `rolesNeeded`. */
  readonly models: Readonly<Partial<Record<Role, LanguageModel>>>;
  readonly tokenizer: TextCodec;
  readonly ops: Ops;
}
