// What do the models think here? Asked by whoever points at a token. Answered by states of their own over the
// same sessions, so that a run which waits meanwhile finds everything as it left it.

import type { Backend } from '../backend/backend.ts';
import type { Author } from '../core/events.ts';
import type { Logits } from '../core/languageModel.ts';
import type { FusionTerms, Ops, SolvedAlphas } from '../core/ops.ts';
import { ROLES } from '../core/roles.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { type Checkpoints, clear, type Furnished, furnish } from './furnish.ts';
import type { Uses } from './hardware.ts';
import type { Guess, Inspection } from './protocol.ts';
import { methodOf } from './roles.ts';
import type { Room } from './room.ts';

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
      look(readerFor(experiment, uses, checkpoints), experiment, prefix, token),
    rest() {
      for (const reader of readers.values()) clear(reader);
    },
    forget: () => readers.clear(),
  };
}

/** @param prefix token ids, at least one */
export async function look(
  room: Room,
  experiment: Experiment,
  prefix: readonly number[],
  token: number,
): Promise<Inspection> {
  const top: Partial<Record<Author, readonly Guess[]>> = {};
  const distance: Partial<Record<Author, number>> = {};
  let fusion: SolvedAlphas | undefined;

  async function opinion(author: Author, logits: Logits): Promise<void> {
    const best = await room.ops.topK(logits, 0, Math.min(TOP, logits.vocab));
    const { logProbs } = await room.ops.tokenLogProbs(logits, [token]);
    top[author] = best.map((one) => ({ ...one, text: room.tokenizer.piece(one.token) }));
    distance[author] = -(logProbs[0] ?? Number.NaN);
  }

  for (const role of ROLES) {
    const model = room.models[role];
    // To a model with another vocabulary the text's tokens mean nothing.
    const foreign = room.text && room.text[role] !== room.tokenizer;
    if (!model || foreign) continue;
    const logits = await model.logits(prefix, prefix.length);
    await opinion(role, logits).finally(() => logits.dispose());
  }

  const { algorithm, params } = methodOf(experiment);
  if (algorithm.authors?.includes('fused')) {
    // How the models become one is the method's own affair: it makes one step from here, and is listened to.
    const ops: Ops = {
      ...room.ops,
      async fuse(terms) {
        const fused = await room.ops.fuse({ ...terms, alphas: measured(terms) });
        await opinion('fused', fused.logits);
        [fusion] = fused.solved;
        return fused;
      },
    };
    const { seed } = experiment;
    const { models } = room;
    const step = { models, ops, prompt: prefix, maxTokens: 1, params, seed, run: 0 };
    for await (const _ of algorithm.decode(step));
  }
  return { top, distance, ...(fusion && { fusion }) };
}

/** A strength that is given is a search with one candidate, which also says how far it moves the large model. */
function measured({ alphas, contrast = 0 }: FusionTerms): FusionTerms['alphas'] {
  if ('kind' in alphas) return alphas;
  const [low] = alphas;
  const sayable = alphas.length === 1 && low !== undefined && contrast === 0;
  return sayable ? { kind: 'grid', low, step: 1, count: 1 } : alphas;
}
