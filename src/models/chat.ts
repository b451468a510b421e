// Does a checkpoint have a chat template, and what does it make of a conversation? Templates are programs in Jinja;
// what runs them comes when somebody first asks.

import type { DecoderConfig } from './config.ts';
import { isRecord } from './folder.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/**
 * A conversation as the text that the model was trained on, special tokens included, up to where it is to answer.
 * @throws UserError 'tokenizer' when the template is none, refuses the conversation or does too much
 */
export type ChatWriter = (messages: readonly ChatMessage[]) => Promise<string>;

type Json = Readonly<Record<string, unknown>>;

export const CHAT_TEMPLATE = 'chat_template.jinja';

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

/** What a template may write beside what tokenizer_config.json names: where that names none, the model's own. */
export interface Ends {
  readonly decoder: Pick<DecoderConfig, 'bos' | 'eos'>;
  readonly tokenizer: Pick<Tokenizer, 'entries'>;
}

/**
 * Undefined where there is no template. A template that is wrong is told of when it is used: plain text needs none.
 * @param config tokenizer_config.json
 * @param file chat_template.jinja
 */
export function chatWriterOf(
  name: string,
  config: Json,
  { decoder, tokenizer }: Ends,
  file?: string,
): ChatWriter | undefined {
  const text = templateText(config, file);
  if (text === undefined) return undefined;
  const [bos, eos] = [decoder.bos, decoder.eos[0]].map((id) =>
    id === undefined ? undefined : tokenizer.entries[id],
  );
  const tokens = {
    ...(bos !== undefined && { bos_token: bos }),
    ...(eos !== undefined && { eos_token: eos }),
    ...config,
  };
  return async (messages) => {
    const { makeChatTemplate } = await import('./chatTemplate.ts');
    return makeChatTemplate(name, text, tokens).render(messages);
  };
}
