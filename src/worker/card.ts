// A checkpoint's card and its pre-flight, made where its files are.

import { UserError } from '../core/errors.ts';
import type { CheckpointFolder } from '../models/folder.ts';
import type { Errand, FromWorker } from './protocol.ts';

type Card = Extract<Errand, { readonly type: 'card' }>;

export async function readCard(
  { checkpoint }: Card,
  folderOf: (id: string) => Promise<CheckpointFolder>,
): Promise<Extract<FromWorker, { readonly type: 'card' }>> {
  const { name } = await folderOf(checkpoint);
  throw new UserError('checkpoint', `The card of ${name} cannot be read yet.`, 'It comes soon.');
}
