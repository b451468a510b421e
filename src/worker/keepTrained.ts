// A trained model becomes a checkpoint: its weights in the files of the one it began with, a name, what was measured of it,
// and the link that makes it again.

import type { RunEvent } from '../core/events.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import { checkpointTitle } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { encode } from '../experiment/link.ts';
import type { Trainable } from '../models/trainable.ts';
import { type Provenance, trainedFiles } from './trainedFiles.ts';
import type { BaseCheckpoint, Files } from './trainRoom.ts';

/** Takes a trained checkpoint and says what became of it. */
export type Keep = (
  files: Files,
  about: Omit<KeptCheckpoint, 'id' | 'bytes' | 'saved' | 'deleted' | 'temporary'>,
) => Promise<KeptCheckpoint>;

type Kept = Extract<RunEvent, { type: 'kept' }>;

/** Who learned, and from what. */
export interface Trained {
  readonly role: Kept['role'];
  readonly base: BaseCheckpoint;
  readonly trainable: Pick<Trainable, 'size' | 'adapter' | 'export'>;
}

/** @throws UserError 'storage' */
export async function keepTrained(
  experiment: Experiment,
  { role, base, trainable }: Trained,
  keep: Keep,
  learned: Pick<Provenance, 'name' | 'step' | 'scores' | 'measuredAt' | 'data' | 'batch'>,
): Promise<Kept> {
  const { data, batch, ...measured } = learned;
  const about = {
    ...measured,
    parameters: trainable.size,
    base: base.id,
    recipe: encode(experiment),
  };
  const title = checkpointTitle(base.id);
  const adapter = await trainable.adapter(title);
  const files = trainedFiles(base.files, await trainable.export(), {
    ...about,
    ...(adapter && { adapter }),
    base: title,
    data,
    seed: experiment.seed,
    batch,
  });
  return { type: 'kept', role, checkpoint: await keep(files, about) };
}
