// Ancestral sampling with one model alone, with the usual filters. Draw t of run r under seed s comes from
// the address (s, r, t, 0), so the text depends on nothing but the experiment.

import { defineAlgorithm } from '../core/algorithm.ts';
import { defineParams } from '../core/params.ts';
import { greedy } from './greedy.ts';

const params = defineParams({
  model: greedy.params.model,
  temperature: {
    kind: 'number',
    label: 'Temperature',
    symbol: '\\tau',
    meaning: 'Divides the logits: below 1 sharpens, above 1 flattens, 0 is greedy.',
    min: 0,
    max: 2,
    step: 0.05,
    default: 0.8,
  },
  topK: {
    kind: 'integer',
    label: 'Top-k',
    symbol: 'k',
    meaning: 'Keeps the k most probable tokens; 0 keeps all.',
    min: 0,
    max: 200,
    step: 1,
    default: 0,
  },
  topP: {
    kind: 'number',
    label: 'Top-p',
    symbol: 'p',
    meaning:
      'Keeps the smallest set of tokens that holds this share of the probability; 1 keeps all.',
    min: 0.05,
    max: 1,
    step: 0.01,
    default: 1,
  },
  minP: {
    kind: 'number',
    label: 'Min-p',
    meaning: 'Drops tokens less probable than this fraction of the most probable one; 0 keeps all.',
    min: 0,
    max: 1,
    step: 0.01,
    default: 0,
  },
});

export const sample = defineAlgorithm({
  title: 'One model, sampling',
  summary: 'One model writes alone and draws each token from its own distribution.',
  params,
  roles: ({ model }) => [model],
  parts: greedy.parts,

  async *decode({ models, ops, prompt, maxTokens, params, seed, run }) {
    const by = params.model;
    const model = models[by];
    const y = [...prompt];
    while (y.length < prompt.length + maxTokens) {
      const address = { seed, run, step: y.length - prompt.length, row: 0 };
      const logits = await model.logits(y, y.length);
      const { token, prob } = await ops
        .sampleToken(logits, 0, params, address)
        .finally(() => logits.dispose());
      y.push(token);
      yield { type: 'token', at: y.length - 1, token, by, prob };
      if (model.eos.has(token)) return yield { type: 'finished', reason: 'eos' };
    }
    yield { type: 'finished', reason: 'length' };
  },
});
