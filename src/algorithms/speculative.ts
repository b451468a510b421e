// Speculative sampling: Leviathan, Kalman, Matias, "Fast Inference from Transformers via Speculative Decoding",
// ICML 2023, arXiv 2211.17192; Chen, Borgeaud, Irving, Lespiau, Sifre, Jumper, "Accelerating Large Language Model
// Decoding with Speculative Sampling", 2023, arXiv 2302.01318 (METHODS 5.1).
//
// With lenience 1 the text is distributed exactly as the large model's own samples under the same temperature and
// filters, which both models' distributions go through. With temperature 0 it is the large model's greedy text.
//
// Position t of a text has the addresses (seed, run, t, row): row 0 drafts there, row 1 accepts, and row 2 of the
// position where a draft began replaces or continues. What is struck out was decided by nothing but its own
// draws, so its positions may draw again.

import { defineAlgorithm } from '../core/algorithm.ts';
import type { Logits } from '../core/languageModel.ts';
import { defineParams } from '../core/params.ts';
import { uniform } from '../core/rng.ts';
import { sample } from './sample.ts';

const params = defineParams({
  draftLength: {
    kind: 'integer',
    label: 'Draft length',
    symbol: '\\gamma',
    meaning: 'Tokens that the small model drafts before the large one looks.',
    min: 1,
    max: 12,
    step: 1,
    default: 4,
  },
  temperature: sample.params.temperature,
  topK: sample.params.topK,
  topP: sample.params.topP,
  minP: sample.params.minP,
  lenience: {
    kind: 'number',
    label: 'Lenience',
    symbol: '\\ell',
    meaning:
      'A drafted token stands with probability p / (ℓ q). 1 is exact; below it more is accepted than the large model would have written.',
    min: 0.1,
    max: 1,
    step: 0.05,
    default: 1,
  },
});

export const speculative = defineAlgorithm({
  title: 'Speculative sampling',
  summary:
    'The small model drafts a few tokens; the large one accepts or replaces them so that the text is distributed as its own.',
  source: {
    citation:
      'Leviathan et al., Fast Inference from Transformers via Speculative Decoding, ICML 2023',
    url: 'https://arxiv.org/abs/2211.17192',
  },
  params,
  roles: () => ['small', 'large'],
  parts: {
    small: 'Drafts tokens from its own distribution.',
    large: 'Accepts or replaces them, so that the text is distributed as its own.',
  },
  drafts: true,

  async *decode({ models: { small, large }, ops, prompt, maxTokens, params, seed, run }) {
    const { draftLength, lenience } = params;
    const limit = prompt.length + maxTokens;
    const y = [...prompt];
    const draw = (row: number, at = y.length) => ({ seed, run, step: at - prompt.length, row });
    const ended = () => large.eos.has(y[y.length - 1] as number) && y.length > prompt.length;

    while (y.length < limit && !ended()) {
      const start = y.length;
      const rows: Logits[] = [];
      try {
        // The small model drafts x_1 .. x_n and keeps what it drew them from, q_1 .. q_n.
        while (
          y.length < Math.min(limit, start + draftLength) &&
          (y.length === start || !ended())
        ) {
          const logits = await small.logits(y, y.length);
          rows.push(logits);
          const { token, prob } = await ops.sampleToken(logits, 0, params, draw(0));
          y.push(token);
          yield { type: 'token', at: y.length - 1, token, by: 'small', prob };
        }
        const complete = ended() || y.length === limit;
        const pending = y.length - start;
        const why = complete ? 'finalVerify' : 'draftCap';
        yield { type: 'handOver', at: y.length, why, pending };

        // One large pass gives p_1 .. p_n+1: x_i stands if u_i < p_i(x_i) / q_i(x_i).
        const tokens = y.slice(start);
        const uniforms = [
          ...tokens.map((_, i) => uniform(draw(1, start + i))),
          uniform(draw(2, start)),
        ];
        const judges = await large.logits(y, start);
        const { accepted, next, ratios } = await ops
          .speculativeVerify(judges, { tokens, logits: rows, uniforms, lenience }, params)
          .finally(() => judges.dispose());
        yield {
          type: 'speculation',
          at: start,
          ratios: [...ratios],
          uniforms: uniforms.slice(0, pending),
          accepted,
        };
        if (accepted < pending) {
          y.length = start + accepted;
          yield { type: 'rollback', at: y.length, removed: tokens.slice(accepted) };
        }
        // The replacement of the first that fell, or a token after the whole draft.
        if (accepted < pending || !complete) {
          y.push(next.token);
          const { token, prob } = next;
          yield { type: 'token', at: y.length - 1, token, by: 'large', prob };
        }
      } finally {
        for (const logits of rows) logits.dispose();
      }
    }
    yield { type: 'finished', reason: ended() ? 'eos' : 'length' };
  },
});
