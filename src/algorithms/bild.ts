// BiLD, the Big Little Decoder: Kim, Mangalam, Moon, Malik, Mahoney, Gholami, Keutzer, "Speculative
// Decoding with Big Little Decoder", NeurIPS 2023, arXiv 2302.07863; official code
// kssteven418/BigLittleDecoder (T5, greedy, batch 1).
//
// Where we differ from that code, and follow the paper's policy instead:
// - the small model begins (the code begins with the large one);
// - nothing ends unverified: an end of text or the length limit reached by the small model is checked by
//   the large one first (the code stops at once);
// - a draft token above the rollback threshold that *is* the large model's argmax does not hide later
//   errors: the cut is at the first token that is both above the threshold and not the argmax;
// - the large model keeps its cache up to a rollback and hands back to the small model at once, so a
//   rollback costs one large pass (two in the code).
// Hence a rollback threshold below ln 2 gives exactly the large model's greedy text: a token that is not
// the argmax has p <= 1/2, so its distance is at least ln 2.

import { defineAlgorithm } from '../core/algorithm.ts';
import type { HandOverReason } from '../core/events.ts';
import type { Candidate } from '../core/ops.ts';
import { defineParams } from '../core/params.ts';

const params = defineParams({
  fallbackThreshold: {
    kind: 'number',
    label: 'Fallback threshold',
    symbol: '\\alpha_{FB}',
    meaning:
      'The small model hands over when it is less sure than this of its next token. 0: only when it must; above 1: always.',
    min: 0,
    max: 1.05,
    step: 0.01,
    default: 0.6,
  },
  rollbackThreshold: {
    kind: 'number',
    label: 'Rollback threshold',
    symbol: '\\alpha_{RB}',
    meaning:
      'The large model strikes out a drafted token whose distance −log p exceeds this, and all after it. Below ln 2 ≈ 0.69 the text is exactly the large model’s.',
    min: 0,
    max: 20,
    step: 0.1,
    default: 2,
  },
  maxDraft: {
    kind: 'integer',
    label: 'Longest draft',
    symbol: '\\gamma',
    meaning: 'Most tokens that the small model drafts before the large one must look.',
    min: 1,
    max: 12,
    step: 1,
    default: 10,
  },
});

export const bild = defineAlgorithm({
  title: 'BiLD',
  summary:
    'The small model writes; when it is unsure the large one reads the draft in one pass, strikes out what it finds unlikely and adds a token of its own.',
  source: {
    citation: 'Kim et al., Speculative Decoding with Big Little Decoder, NeurIPS 2023',
    url: 'https://arxiv.org/abs/2302.07863',
  },
  params,
  roles: () => ['small', 'large'],
  parts: {
    small: 'Writes drafts, as long as it is sure.',
    large: 'Judges the drafts and replaces what it finds unlikely.',
  },
  drafts: true,

  async *decode({ models: { small, large }, ops, prompt, maxTokens, params }) {
    const { fallbackThreshold, rollbackThreshold, maxDraft } = params;
    const limit = prompt.length + maxTokens;
    const y = [...prompt];
    let verified = y.length; // y[..verified] is the prompt or has passed the large model

    const ended = () => large.eos.has(y[y.length - 1] as number) && y.length > prompt.length;
    const full = () => y.length >= limit;

    while (!full() && !(ended() && verified === y.length)) {
      // The small model drafts until it is unsure, at its cap, or at an end.
      let why: HandOverReason | undefined;
      let proposal: Candidate | undefined;
      while (why === undefined) {
        const logits = await small.logits(y, y.length);
        const { token, prob } = await ops.top1(logits, 0).finally(() => logits.dispose());
        if (prob < fallbackThreshold) {
          why = 'fallback';
          proposal = { token, prob };
          break;
        }
        y.push(token);
        yield { type: 'token', at: y.length - 1, token, by: 'small', prob };
        if (ended() || full()) why = 'finalVerify';
        else if (y.length - verified >= maxDraft) why = 'draftCap';
      }
      const pending = y.length - verified;
      yield { type: 'handOver', at: y.length, why, pending, ...(proposal && { proposal }) };

      // The large model judges the whole draft in one pass and has the next token ready.
      const draft = y.slice(verified);
      const logits = await large.logits(y, verified);
      const verdict = await ops
        .verifyDraft(logits, draft, rollbackThreshold)
        .finally(() => logits.dispose());
      const { accepted, next } = verdict;
      if (pending > 0) {
        yield { type: 'verdict', at: verified, distances: [...verdict.distances], accepted };
      }
      if (accepted < pending) {
        y.length = verified + accepted;
        yield { type: 'rollback', at: y.length, removed: draft.slice(accepted) };
      }
      if (accepted < pending || why !== 'finalVerify') {
        y.push(next.token);
        yield { type: 'token', at: y.length - 1, token: next.token, by: 'large', prob: next.prob };
      }
      verified = y.length;
    }
    yield { type: 'finished', reason: ended() ? 'eos' : 'length' };
  },
});
