// Whether a prompt and its answer fit what the models can read.

import { UserError } from '../core/errors.ts';
import { ROLE_NAMES, type Role } from '../core/roles.ts';
import type { Room } from './room.ts';

/** @throws UserError 'context' naming the first model that reads less */
export function checkContext(
  room: Room,
  roles: readonly Role[],
  promptLength: number,
  maxTokens: number,
): void {
  for (const role of roles) {
    const limit = room.models[role]?.contextLength ?? Number.POSITIVE_INFINITY;
    if (promptLength + maxTokens <= limit) continue;
    const found = `The prompt has ${promptLength} tokens, and ${maxTokens} more may follow; the ${ROLE_NAMES[role]} model reads at most ${limit}.`;
    const left = limit - promptLength;
    throw new UserError(
      'context',
      found,
      left >= 1
        ? `Lower “Most new tokens” to ${left} or less, or shorten the prompt.`
        : `Shorten the prompt to fewer than ${limit} tokens.`,
    );
  }
}
