// An example's text as tokens of one checkpoint, or a sentence about why that checkpoint cannot learn from it.

import type { Example } from '../algorithms/sft.ts';

/** Text to tokens, as far as examples need it. */
export interface Coder {
  /** Of the checkpoint, for error texts. */
  readonly name: string;
  /** Tokens that it reads. */
  readonly contextLength: number;
  /** The token that ends a text, where there is one. */
  readonly eos: number | undefined;
  readonly tokenizer: {
    readonly bos: number | undefined;
    encode(text: string): readonly number[];
    /** Without what begins or ends a text. */
    encodeMore(text: string): readonly number[];
    /** Characters that no token stands for, as they are shown. */
    missing(text: string): readonly string[];
  };
}

export interface Text {
  readonly prompt: string;
  readonly completion: string;
}

/** Longest text of an example that is looked at, in UTF-16 units; no context is longer. */
const MAX_TEXT = 262_144;
/** Most characters that are named of those that cannot be read. */
const NAMED = 6;

/** `what` completes "Line 812: ...". */
export function toTokens(
  { prompt, completion }: Text,
  { name, contextLength, eos, tokenizer }: Coder,
): Example | { readonly what: string } {
  const both = prompt + completion;
  if (both.length > MAX_TEXT) {
    return {
      what: `it has ${count(both.length)} characters; at most ${count(MAX_TEXT)} are read.`,
    };
  }
  const missing = tokenizer.missing(both);
  if (missing.length > 0) {
    const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
    return { what: `${name} cannot read ${missing.slice(0, NAMED).join(', ')}${more}.` };
  }
  if (prompt === '' && tokenizer.bos === undefined) {
    return { what: `the prompt is empty, and ${name} has no token that begins a text.` };
  }
  const asked = tokenizer.encode(prompt);
  // Tokenizers may write the beginning of a text in another way than its middle; so both are read together,
  // unless a token reaches over the border.
  const whole = tokenizer.encode(both);
  const together = asked.every((token, i) => token === whole[i]);
  const answer = together ? whole.slice(asked.length) : [...tokenizer.encodeMore(completion)];
  if (eos !== undefined && answer.at(-1) !== eos) answer.push(eos);
  if (answer.length === 0) return { what: `the completion has no tokens of ${name}.` };
  const tokens = asked.length + answer.length;
  if (tokens <= contextLength) return { prompt: asked, completion: answer };
  const ended = eos === undefined ? '' : ', the one that ends the text included';
  return {
    what: `it has ${count(tokens)} tokens${ended}; ${name} reads at most ${count(contextLength)}.`,
  };
}

const count = (n: number) => n.toLocaleString('en-US');
