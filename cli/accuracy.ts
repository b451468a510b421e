// How many problems of each task a checkpoint gets right, writing greedily.

import { greedy } from '../src/algorithms/greedy.ts';
import type { Backend } from '../src/backend/backend.ts';
import type { Checkpoint } from '../src/models/checkpoint.ts';
import type { Mixture } from './mixture.ts';

/** Mean reward by task. */
export async function accuracies(
  { model, tokenizer, vocab }: Checkpoint,
  { ops }: Backend,
  { problems, toExample }: Mixture,
  count: number,
): Promise<Record<string, number>> {
  const decoder = model.decoder(vocab);
  const scores: Record<string, number> = {};
  for (const { name, task, problem } of problems) {
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const asked = problem(index);
      const { prompt, completion } = toExample(asked);
      const written: number[] = [];
      const events = greedy.decode({
        models: { small: decoder, large: decoder },
        ops,
        prompt,
        // Whoever has not ended by then is wrong.
        maxTokens: completion.length,
        params: { model: 'large' },
        seed: 0,
        run: index,
      });
      for await (const event of events) if (event.type === 'token') written.push(event.token);
      sum += task.reward(tokenizer.decode(written), asked);
    }
    scores[name] = sum / count;
  }
  return scores;
}
