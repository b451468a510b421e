// A conversation as the text that a chat model was trained on. The template comes with the checkpoint, in Jinja, a small
// programming language, so what it may do is bounded: it cannot reach anything, but it could go on for ever.

import { Template } from '@huggingface/jinja';
import { UserError } from '../core/errors.ts';
import type { ChatMessage } from './chat.ts';
import { isRecord } from './folder.ts';

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
  replaceGlobals(template.parsed);
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
          [OURS.range]: range,
          [OURS.strftime_now]: dated,
          date_string: dated('%d %b %Y'),
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

/** What the library's own are called where ours take their places: they cannot be replaced by name. */
const OURS = { range: 'bounded_range', strftime_now: 'fixed_date' } as const;

function replaceGlobals(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const named = node as { type?: unknown; value?: unknown };
  if (named.type === 'Identifier' && isReplaced(named.value)) named.value = OURS[named.value];
  for (const one of Object.values(node)) replaceGlobals(one);
}
const isReplaced = (name: unknown): name is keyof typeof OURS =>
  typeof name === 'string' && Object.hasOwn(OURS, name);

/**
 * Templates may write today's date, and a link must mean the same tomorrow: it is always Friday, 26 July 2024, the day
 * that Llama 3's templates name when they are told none.
 */
const DATE: Readonly<Record<string, string>> = {
  '%d': '26',
  '%e': '26',
  '%m': '07',
  '%b': 'Jul',
  '%B': 'July',
  '%a': 'Fri',
  '%A': 'Friday',
  '%y': '24',
  '%Y': '2024',
  '%H': '12',
  '%I': '12',
  '%M': '00',
  '%S': '00',
  '%p': 'PM',
  '%%': '%',
};
const dated = (format: unknown): string =>
  String(format).replace(/%[a-zA-Z%]/g, (code) => DATE[code] ?? code);

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
