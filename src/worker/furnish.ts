// From an experiment to a room in which it can run: checkpoints loaded, vocabularies compared, each role with
// a reading state of its own.

import type { Backend } from '../backend/backend.ts';
import { type ByRole, inOrder, ROLE_NAMES, type Role } from '../core/roles.ts';
import { parseLocalId } from '../experiment/names.ts';
import type { ChatWriter } from '../models/chat.ts';
import { type Checkpoint, loadCheckpoint } from '../models/checkpoint.ts';
import type { Decoder } from '../models/decoder.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { OrtRuntime } from '../models/runtime.ts';
import type { Tokenizer } from '../models/tokenizer.ts';
import { checkShared, sharesVocabulary } from '../models/vocabulary.ts';
import type { Library } from './library.ts';
import type { LoadProgress } from './protocol.ts';
import type { Room } from './room.ts';

export type Checkpoints = ByRole<Checkpoint>;

export interface LoadRequest {
  /** Ids of checkpoints, at least of `roles`. */
  readonly experiment: ByRole<string>;
  readonly roles: readonly Role[];
  readonly runtime: OrtRuntime;
  /** Where a checkpoint's files are. @throws UserError 'checkpoint' */
  readonly folderOf: (id: string) => CheckpointFolder | Promise<CheckpointFolder>;
  readonly library: Library;
  readonly progress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
}

/** One's own checkpoints by content: a new name is no other checkpoint. */
export const keyOf = (id: string, { provider }: Pick<OrtRuntime, 'provider'>): string =>
  `${provider} ${parseLocalId(id)?.sha256 ?? id}`;

/** One after the other: ONNX Runtime makes one session at a time. @throws UserError, AbortError */
export async function loadCheckpoints(request: LoadRequest): Promise<Checkpoints> {
  const { experiment, roles, runtime, folderOf, library, progress, signal } = request;
  const loaded: Partial<Record<Role, Checkpoint>> = {};
  for (const role of roles) {
    signal?.throwIfAborted();
    const id = experiment[role];
    if (id === undefined) throw new Error(`no checkpoint for the ${ROLE_NAMES[role]} model`);
    const key = keyOf(id, runtime);
    // A session that was still being made when its GPU was lost belongs to a runtime that is no more.
    const stale = library.find(key)?.model.runtime !== runtime;
    if (stale) await library.drop((other) => other === key);
    loaded[role] = await library.take(key, async () =>
      loadCheckpoint(await folderOf(id), runtime, {
        progress: (stage, bytes, total) =>
          progress?.({
            stage,
            role,
            id,
            ...(bytes !== undefined && { loaded: bytes }),
            ...(total !== undefined && { total }),
          }),
        ...(signal && { signal }),
      }),
    );
    progress?.({ stage: 'ready', role, id });
  }
  await library.trim(Object.values(loaded));
  return loaded;
}

export interface Furnished extends Room {
  readonly models: ByRole<Decoder>;
}

/**
 * @param ownVocabulary roles that may read with a tokenizer of their own
 * @throws UserError 'vocabulary' when others do not share one
 */
export function furnish(
  checkpoints: Checkpoints,
  backend: Backend,
  ownVocabulary: readonly Role[] = [],
): Furnished {
  const roles = inOrder(Object.keys(checkpoints) as Role[]);
  const writer = roles.includes('large') ? 'large' : roles[0];
  const main = writer && checkpoints[writer];
  if (!main) throw new Error('a room without models');
  const { chat } = main;
  const foreign = roles.filter((role) => {
    const other = checkpoints[role] as Checkpoint;
    if (!ownVocabulary.includes(role)) checkShared(other, main);
    return !sharesVocabulary(other, main);
  });
  const shared = roles.filter((role) => !foreign.includes(role));
  const vocab = Math.min(...shared.map((role) => checkpoints[role]?.vocab ?? main.vocab));
  const of = <T>(what: (checkpoint: Checkpoint, role: Role) => T): ByRole<T> =>
    Object.fromEntries(roles.map((role) => [role, what(checkpoints[role] as Checkpoint, role)]));
  return {
    models: of((one, role) => one.model.decoder(foreign.includes(role) ? one.vocab : vocab)),
    tokenizer: main.tokenizer,
    ...(chat && { chat: asked(main.tokenizer, chat) }),
    ...(foreign.length > 0 && {
      text: of((one, role) => (foreign.includes(role) ? one : main).tokenizer),
    }),
    ops: backend.ops,
  };
}

/** One message of a user, to be answered. */
const asked = (tokenizer: Tokenizer, chat: ChatWriter) => async (prompt: string) =>
  tokenizer.encodeWritten(await chat([{ role: 'user', content: prompt }]));

/** Gives back what the room's models have read. */
export function clear(room: Furnished): void {
  for (const model of Object.values(room.models)) model.forget();
}
