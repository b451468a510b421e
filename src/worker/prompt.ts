// A prompt as what the models read: plain text, or a user's message as the chat template of the writing model puts it.

import { UserError } from '../core/errors.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Room } from './room.ts';

/** @throws UserError 'prompt' when it cannot be read or there is no template, 'tokenizer' what is wrong with the template */
export async function readPrompt(
  { promptAs }: Pick<Experiment, 'promptAs'>,
  { tokenizer, chat }: Pick<Room, 'tokenizer' | 'chat'>,
  text: string,
): Promise<readonly number[]> {
  if (promptAs === 'text') return tokenizer.encode(text);
  if (chat) return chat(text);
  throw new UserError(
    'prompt',
    'The prompt is to be sent as chat, but the model that writes has no chat template.',
    'Send it as plain text, or choose a checkpoint that comes with chat_template.jinja (or a chat_template in tokenizer_config.json).',
  );
}
