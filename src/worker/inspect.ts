// What do the models think here? Asked by whoever points at a token. Answered by states of their own over the
// same sessions, so that a run which waits meanwhile finds everything as it left it.

import type { Backend } from '../backend/backend.ts';
import { ROLES, type Role } from '../core/roles.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { type Checkpoints, clear, type Furnished, furnish } from './furnish.ts';
import type { Uses } from './hardware.ts';
import type { Inspection } from './protocol.ts';

/** Candidates shown per model. */
const TOP = 5;

export interface Inspector {
  /**
   * @param prefix token ids, at least one
   * @throws UserError 'context', 'logits', 'gpu', 'vocabulary'
   */
  inspect(
    experiment: Experiment,
    uses: Uses,
    checkpoints: Checkpoints,
    prefix: readonly number[],
    token: number,
  ): Promise<Inspection>;
  /** Gives back what was read for earlier questions. */
  rest(): void;
  /** The GPU is gone, and all states with it. */
  forget(): void;
}

export function createInspector(backend: (kernels: Uses['kernels']) => Backend): Inspector {
  const readers = new Map<string, Furnished>();

  function readerFor(experiment: Experiment, uses: Uses, checkpoints: Checkpoints): Furnished {
    const roles = ROLES.filter((role) => checkpoints[role]);
    const ids = roles.map((role) => `${role} ${experiment[role]}`).join(' ');
    const name = `${uses.provider} ${uses.kernels} ${ids}`;
    const old = readers.get(name);
    // Sessions may have been released and made again since.
    const same = roles.every((role) => old?.models[role]?.model === checkpoints[role]?.model);
    if (old && same) return old;
    const reader = furnish(checkpoints, backend(uses.kernels), roles);
    readers.set(name, reader);
    return reader;
  }

  return {
    inspect: (experiment, uses, checkpoints, prefix, token) =>
      look(readerFor(experiment, uses, checkpoints), prefix, token),
    rest() {
      for (const reader of readers.values()) clear(reader);
    },
    forget: () => readers.clear(),
  };
}

async function look(
  room: Furnished,
  prefix: readonly number[],
  token: number,
): Promise<Inspection> {
  const top: Partial<Record<Role, NonNullable<Inspection['top'][Role]>>> = {};
  const distance: Partial<Record<Role, number>> = {};
  for (const role of ROLES) {
    const model = room.models[role];
    // To a model with another vocabulary the text's tokens mean nothing.
    const foreign = room.text && room.text[role] !== room.tokenizer;
    if (!model || foreign) continue;
    const logits = await model.logits(prefix, prefix.length);
    try {
      const best = await room.ops.topK(logits, 0, Math.min(TOP, model.vocab));
      const { logProbs } = await room.ops.tokenLogProbs(logits, [token]);
      top[role] = best.map((one) => ({ ...one, text: room.tokenizer.piece(one.token) }));
      distance[role] = -(logProbs[0] ?? Number.NaN);
    } finally {
      logits.dispose();
    }
  }
  return { top, distance };
}
