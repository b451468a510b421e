// A conversation as the text that a chat model was trained on. The template comes with the checkpoint, in Jinja, a small
// programming language, so what it may do is bounded: it cannot reach anything, but it could go on for ever.

import { Template } from '@huggingface/jinja';
import { UserError } from '../core/errors.ts';
import { isRecord } from './folder.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatTemplate {
  /** @throws UserError 'tokenizer' when the template refuses the conversation or does too much */
  render(messages: readonly ChatMessage[]): string;
}

type Json = Readonly<Record<string, unknown>>;

/** Real ones have at most about 20,000 characters. */
const LONGEST_TEMPLATE = 131_072;
const LONGEST_TEXT = 262_144;
/** Loops within loops, and numbers that all `range`s of one rendering give out together. */
const DEEPEST_LOOPS = 4;
const MOST_NUMBERS = 10_000;

/** The template as text: of chat_template.jinja, or of tokenizer_config.json, where it may be one of several. */
export function templateText(config: Json, file?: string): string | undefined {
  if (file !== undefined) return file;
  const { chat_template: own } = config;
  if (typeof own === 'string') return own;
  if (!Array.isArray(own)) return undefined;
  const named = own.filter(isRecord);
  const chosen = named.find(({ name }) => name === 'default') ?? named[0];
  return typeof chosen?.template === 'string' ? chosen.template : undefined;
}

/**
 * @param name the checkpoint, for error texts
 * @param config tokenizer_config.json, whose special tokens the template may write
 * @throws UserError 'tokenizer' when it is no template
 */
export function makeChatTemplate(name: string, text: string, config: Json): ChatTemplate {
  const wrong = (what: string, cause?: unknown) =>
    new UserError(
      'tokenizer',
      `The chat template of ${name} ${what}.`,
      'Leave out chat_template.jinja and write prompts as plain text, or use the template of the original model.',
      cause === undefined ? {} : { cause },
    );
  if (text.length > LONGEST_TEMPLATE) {
    throw wrong(
      `has ${text.length.toLocaleString('en-US')} characters; at most ${LONGEST_TEMPLATE.toLocaleString('en-US')} are read`,
    );
  }
  let template: Template;
  try {
    template = new Template(text);
  } catch (cause) {
    throw wrong('could not be read', cause);
  }
  if (loopDepth(template.parsed) > DEEPEST_LOOPS)
    throw wrong(`has more than ${DEEPEST_LOOPS} loops within each other`);
  if (multipliesText(template.parsed)) throw wrong('repeats text by multiplication');
  boundRanges(template.parsed);
  return {
    render(messages) {
      let given = 0;
      const range = (...all: unknown[]) => {
        const [a = 0, b, c = 1] = all.filter((one) => typeof one === 'number');
        const [from, to] = b === undefined ? [0, a] : [a, b];
        const size = Math.max(0, Math.ceil((to - from) / c));
        given += size;
        if (!(given <= MOST_NUMBERS))
          throw new Error(`range gives out more than ${MOST_NUMBERS} numbers`);
        return Array.from({ length: size }, (_, i) => from + i * c);
      };
      let out: string;
      try {
        out = template.render({
          messages: messages.map(({ role, content }) => ({ role, content })),
          add_generation_prompt: true,
          [BOUNDED]: range,
          ...specialTokens(config),
        });
      } catch (cause) {
        throw wrong('does not accept this conversation', cause);
      }
      if (out.length > LONGEST_TEXT) {
        throw wrong(
          `makes ${out.length.toLocaleString('en-US')} characters of it; at most ${LONGEST_TEXT.toLocaleString('en-US')} are read`,
        );
      }
      return out;
    },
  };
}

/** What `range` is called where ours takes its place: the library's own cannot be replaced by name. */
const BOUNDED = 'bounded_range';

function boundRanges(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const named = node as { type?: unknown; value?: unknown };
  if (named.type === 'Identifier' && named.value === 'range') named.value = BOUNDED;
  for (const one of Object.values(node)) boundRanges(one);
}

function specialTokens(config: Json): Record<string, string> {
  const tokens = Object.entries(config).flatMap(([key, value]) => {
    const text = isRecord(value) ? value.content : value;
    return /^(bos|eos|unk|pad|sep|cls)_token$/.test(key) && typeof text === 'string'
      ? [[key, text] as const]
      : [];
  });
  return Object.fromEntries(tokens);
}

/** How deep loops stand within each other; a macro's body counts where it is written. */
function loopDepth(node: unknown, depth = 0): number {
  if (depth > 64) return Number.POSITIVE_INFINITY;
  if (Array.isArray(node))
    return node.reduce((most: number, one) => Math.max(most, loopDepth(one, depth)), 0);
  if (typeof node !== 'object' || node === null) return 0;
  const own = 'type' in node && node.type === 'For' ? 1 : 0;
  const below = Object.values(node).reduce(
    (most: number, one) => Math.max(most, loopDepth(one, depth + own)),
    0,
  );
  return own + below;
}

/** "a" * 1000000 */
function multipliesText(node: unknown, depth = 0): boolean {
  if (typeof node !== 'object' || node === null || depth > 200) return false;
  const { type, operator, left, right } = node as Record<string, unknown>;
  const isText = (side: unknown) =>
    (side as Record<string, unknown> | undefined)?.type === 'StringLiteral';
  if (
    type === 'BinaryExpression' &&
    (operator as { value?: unknown } | undefined)?.value === '*' &&
    (isText(left) || isText(right))
  ) {
    return true;
  }
  return Object.values(node).some((one) => multipliesText(one, depth + 1));
}
