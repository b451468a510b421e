// Text and tokens, as far as a run or a method needs them.

export interface TextCodec {
  /** Ids of a prompt. @throws UserError 'prompt' */
  encode(text: string): readonly number[];
  /** Text of ids, special tokens left out. */
  decode(ids: readonly number[]): string;
  /** One token as it is shown. */
  piece(id: number): string;
}
