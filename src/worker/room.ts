// What a run needs and does not choose itself: models that are loaded, the tokenizer they share, and where
// kernels run. The worker furnishes it in the page, the command line in Node, tests with table models.

import type { LanguageModel } from '../core/languageModel.ts';
import type { Ops } from '../core/ops.ts';
import type { ByRole } from '../core/roles.ts';
import type { TextCodec } from '../core/textCodec.ts';

export interface Room {
  /** At least the roles that the experiment needs; see `rolesNeeded`. */
  readonly models: ByRole<LanguageModel>;
  /** What prompts are read and texts are written with: the large model's, if it is here. */
  readonly tokenizer: TextCodec;
  /** Every role's own, when not all of them share one vocabulary. */
  readonly text?: ByRole<TextCodec>;
  /** A prompt as chat: ids of what the writing model's template makes of it; absent where it has none. */
  readonly chat?: (prompt: string) => Promise<readonly number[]>;
  readonly ops: Ops;
}
