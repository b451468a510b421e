// Greedy decoding with one model alone: the most probable token, again and again. The yardstick for
// everything else: BiLD's speed-up and accuracy are measured against greedy decoding with the large model.

import { defineAlgorithm } from '../core/algorithm.ts';
import { defineParams } from '../core/params.ts';

const params = defineParams({
  model: {
    kind: 'choice',
    label: 'Model',
    meaning: 'Which of the two models writes.',
    options: [
      { value: 'large', label: 'large' },
      { value: 'small', label: 'small' },
    ],
    default: 'large',
  },
});

export const greedy = defineAlgorithm({
  title: 'One model, greedy',
  summary: 'One model writes alone and always takes its most probable token.',
  params,
  roles: ({ model }) => [model],
  parts: { small: 'Writes alone.', large: 'Writes alone.' },

  async *decode({ models, ops, prompt, maxTokens, params: { model: by } }) {
    const model = models[by];
    const y = [...prompt];
    while (y.length < prompt.length + maxTokens) {
      const logits = await model.logits(y, y.length);
      const { token, prob } = await ops.top1(logits, 0).finally(() => logits.dispose());
      y.push(token);
      yield { type: 'token', at: y.length - 1, token, by, prob };
      if (model.eos.has(token)) return yield { type: 'finished', reason: 'eos' };
    }
    yield { type: 'finished', reason: 'length' };
  },
});
