// What a checkpoint writes, greedily, and how many problems of each task it gets right.

import { greedy } from '../src/algorithms/greedy.ts';
import type { Backend } from '../src/backend/backend.ts';
import { createCpuBackend } from '../src/backend/cpu.ts';
import type { Checkpoint } from '../src/models/checkpoint.ts';
import type { Mixture } from './mixture.ts';

/** The most probable tokens after `prompt`, the one that ends the text included. */
export async function written(
  { model, vocab }: Checkpoint,
  prompt: readonly number[],
  maxTokens: number,
  run: number,
  { ops }: Backend = createCpuBackend(),
): Promise<number[]> {
  const decoder = model.decoder(vocab);
  const tokens: number[] = [];
  const events = greedy.decode({
    models: { small: decoder, large: decoder },
    ops,
    prompt,
    maxTokens: Math.min(maxTokens, decoder.contextLength - prompt.length),
    params: { model: 'large' },
    seed: 0,
    run,
  });
  for await (const event of events) if (event.type === 'token') tokens.push(event.token);
  decoder.forget();
  return tokens;
}

/** Mean reward by task. */
export async function accuracies(
  checkpoint: Checkpoint,
  { problems, toExample }: Mixture,
  count: number,
): Promise<Record<string, number>> {
  const backend = createCpuBackend();
  const scores: Record<string, number> = {};
  for (const { name, task, problem } of problems) {
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const asked = problem(index);
      const { prompt, completion } = toExample(asked);
      // Whoever has not ended by then is wrong; open-ended text may be longer than its example.
      const most = task.verifiable ? completion.length : 2 * completion.length;
      const tokens = await written(checkpoint, prompt, most, index, backend);
      sum += task.reward(checkpoint.tokenizer.decode(tokens), asked);
    }
    scores[name] = sum / count;
  }
  return scores;
}
