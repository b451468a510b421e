// Text from several models' logits that become one at every step: what dynamic logits fusion, proxy-tuning, DExperts,
// emulated fine-tuning and contrastive decoding have in common. They differ in whose logits, and how far.
//
// All models read the same tokens. Temperature and filters come after the combination (METHODS 6); a filter on the
// large model alone may come before it, and what that drops stays dropped whatever the others say (METHODS 5.3).
// Draw t of run r under seed s comes from the address (s, r, t, 0), as in sample.ts: with nothing added to the large
// model's logits the text is that of the large model alone.

import type { DecodeContext } from '../core/algorithm.ts';
import type { DecodeEvent } from '../core/events.ts';
import type { LanguageModel, Logits } from '../core/languageModel.ts';
import type { AlphaSearch, Sampling } from '../core/ops.ts';
import { defineParams } from '../core/params.ts';
import { sample } from './sample.ts';

/** How a token is drawn from the combination; greedy unless somebody wants otherwise, as in the papers. */
export const fusedSampling = defineParams({
  temperature: { ...sample.params.temperature, default: 0 },
  topK: sample.params.topK,
  topP: sample.params.topP,
  minP: sample.params.minP,
});

/** How far the large model's logits are moved: alpha. */
export const fixedAlpha = (meaning: string, usual: number) =>
  defineParams({
    alpha: {
      kind: 'number',
      label: 'Strength',
      symbol: '\\alpha',
      meaning,
      min: 0,
      max: 5,
      step: 0.1,
      default: usual,
    },
  });

/** large + sum_t alpha_t (expert_t - small) + contrast (large - small). */
export interface Terms {
  readonly large: LanguageModel;
  /** The one that the others are compared with. */
  readonly small: LanguageModel;
  readonly experts: readonly LanguageModel[];
  readonly alphas: readonly number[] | AlphaSearch;
  readonly contrast?: number;
  /** Filters of the large model's own logits, before anything is added to them. */
  readonly before?: Sampling;
}

type Context = Pick<
  DecodeContext<Sampling, never>,
  'ops' | 'prompt' | 'maxTokens' | 'params' | 'seed' | 'run'
>;

export async function* fusedText(
  { large, small, experts, alphas, contrast = 0, before }: Terms,
  { ops, prompt, maxTokens, params, seed, run }: Context,
): AsyncGenerator<DecodeEvent, void, void> {
  const y = [...prompt];

  /** One row of logits from each model, which become one; the token drawn from it. */
  async function next() {
    const rows: Logits[] = [];
    try {
      const base = await large.logits(y, y.length);
      rows.push(base);
      for (const model of [small, ...experts]) rows.push(await model.logits(y, y.length));
      const [, other, ...others] = rows as [Logits, Logits, ...Logits[]];
      if (before) rows[0] = await ops.warp(base, before);
      const terms = { large: rows[0] as Logits, small: other, experts: others, alphas, contrast };
      const { logits, solved } = await ops.fuse(terms);
      rows[0] = logits;
      const address = { seed, run, step: y.length - prompt.length, row: 0 };
      // Greedy, a token is taken for certain; how sure the models are of it says more.
      const drawn =
        params.temperature === 0
          ? await ops.top1(logits, 0)
          : await ops.sampleToken(logits, 0, params, address);
      return { ...drawn, solved: solved[0] };
    } finally {
      for (const row of rows) row.dispose();
    }
  }

  while (y.length < prompt.length + maxTokens) {
    const { token, prob, solved } = await next();
    const at = y.length;
    y.push(token);
    if (solved && 'kind' in alphas) {
      const edge = edgeOf(solved.alphas, alphas);
      yield { type: 'fusion', at, ...solved, ...(edge && { edge }) };
    }
    yield { type: 'token', at, token, by: 'fused', prob };
    if (large.eos.has(token)) return yield { type: 'finished', reason: 'eos' };
  }
  yield { type: 'finished', reason: 'length' };
}

/** The end of the range that the solution ran into, beyond which a better one may lie. */
function edgeOf(
  solved: readonly number[],
  { low, step, count }: AlphaSearch,
): 'low' | 'high' | undefined {
  const most = Math.max(...solved);
  const close = step / 1000;
  if (most >= low + (count - 1) * step - close) return 'high';
  return most <= low + close ? 'low' : undefined;
}
