// What a checkpoint's config.json says about its decoder. Exporters name the same thing differently, and a
// wrong guess here is read by a GPU as memory that is not there, so what is missing is an error.

import { UserError } from '../core/errors.ts';
import { isRecord } from './folder.ts';

export interface DecoderConfig {
  /** Largest number of tokens a sequence may have. */
  readonly contextLength: number;
  /** Tokens that end a text; may be empty. */
  readonly eos: readonly number[];
  /** Token that begins every text, where there is one. */
  readonly bos: number | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const CONTEXT_KEYS = [
  'max_position_embeddings',
  'n_positions',
  'n_ctx',
  'max_seq_len',
  'max_sequence_length',
  'seq_length',
] as const;

/** @throws UserError 'checkpoint' when the context length is not there */
export function decoderConfig(name: string, config: Json, generation: Json = {}): DecoderConfig {
  const text = isRecord(config.text_config) ? { ...config, ...config.text_config } : config;
  const contextLength = CONTEXT_KEYS.map((key) => text[key]).find(isPositive);
  if (contextLength === undefined) {
    throw new UserError(
      'checkpoint',
      `${name}/config.json does not say how many tokens the model can read.`,
      `Add one of ${CONTEXT_KEYS.join(', ')}.`,
    );
  }
  const eos = generation.eos_token_id ?? text.eos_token_id;
  const bos = generation.bos_token_id ?? text.bos_token_id;
  return {
    contextLength,
    eos: (Array.isArray(eos) ? eos : [eos]).filter(isTokenId),
    bos: isTokenId(bos) ? bos : undefined,
  };
}

const isPositive = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) > 0;
const isTokenId = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0;
