// Parameters followed while they learn: of any training, by whatever method, and of each model that learns. Their
// values to begin with come first. Before every optimiser step the gradients of the pinned numbers are read, after it their values, and how many of all
// parameters are further from where they began than a threshold.

import type { Dials, LookedAt, Pin } from '../core/dials.ts';
import type { RunEvent } from '../core/events.ts';
import type { Element, Floats, Trainable } from '../models/trainable.ts';

/** Numbers that are compared at every step; larger models are compared every few steps, on a GPU they come home for it. */
const COMPARED = 5e6;

export interface Watcher {
  /** Follows this model from now on, wherever its steps are made. */
  follow(role: LookedAt, trainable: Trainable): Promise<void>;
  /** The same events, each step's with what was seen of it before it. */
  among(events: AsyncGenerator<RunEvent, void, void>): AsyncGenerator<RunEvent, void, void>;
}

/** Follows nothing where nothing is pinned. */
export function createWatcher({ pins, moved }: Pick<Dials, 'pins' | 'moved'>): Watcher {
  let seen: RunEvent[] = [];

  async function follow(role: LookedAt, trainable: Trainable): Promise<void> {
    if (pins.length === 0) return;
    const elements = await known(
      trainable,
      pins.filter((pin) => pin.role === role),
    );
    const first = new Map(
      [...(await trainable.look())].map(([name, values]) => [name, values.slice()]),
    );
    const every = Math.max(1, Math.ceil(trainable.size / COMPARED));
    seen.push({
      type: 'watched',
      role,
      step: trainable.steps,
      values: await trainable.peek('weights', elements),
      gradients: elements.map(() => Number.NaN),
      moved: 0,
    });
    const plain = trainable.step.bind(trainable);
    trainable.step = async (update) => {
      const gradients = await trainable.peek('gradients', elements);
      const report = await plain(update);
      const { steps } = trainable;
      const share =
        steps % every === 0 ? shareMoved(await trainable.look(), first, moved) : undefined;
      seen.push({
        type: 'watched',
        role,
        step: steps,
        values: await trainable.peek('weights', elements),
        gradients,
        ...(share !== undefined && { moved: share }),
      });
      return report;
    };
  }

  return {
    follow,
    async *among(events) {
      for await (const event of events) {
        const some = seen;
        seen = [];
        yield* some;
        yield event;
      }
      yield* seen;
    },
  };
}

/** Pins of tensors and elements that the model has; NaN stands in for the others, so that numbers keep their place. */
async function known(trainable: Trainable, pins: readonly Pin[]): Promise<readonly Element[]> {
  const all = await trainable.look();
  return pins.map(({ tensor, index }) => {
    const length = all.get(tensor)?.length ?? 0;
    return { name: tensor, index: index < length ? index : -1 };
  });
}

function shareMoved(
  now: ReadonlyMap<string, Floats>,
  first: ReadonlyMap<string, Floats>,
  threshold: number,
): number {
  let [count, all] = [0, 0];
  for (const [name, before] of first) {
    const after = now.get(name)!;
    for (let i = 0; i < before.length; i++)
      if (Math.abs(after[i]! - before[i]!) > threshold) count++;
    all += before.length;
  }
  return count / all;
}
