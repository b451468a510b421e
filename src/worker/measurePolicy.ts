// What a policy writes, and how much of it is right: greedy answers, many at a time, to questions that it does not learn
// from.

import type { Accuracy } from '../core/policyEvents.ts';
import { wilson } from '../core/wilson.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Sample } from './measure.ts';
import { type Learner, type PolicyRoom, policyParams } from './policyRoom.ts';

/** Questions that are asked at a time, and answers that are shown. */
const ASKED = 128;
const SAMPLES = 6;
/** A right answer is worth this much. */
const RIGHT = 1;

/** @throws UserError 'logits' when what the policy says is no number */
export async function measurePolicy(
  experiment: Experiment,
  room: PolicyRoom,
  { policy, base, role }: Learner,
) {
  const { source, progress } = room;
  const count = Math.min(experiment.problems, source.heldOuts ?? experiment.problems);
  const { completion: longest } = policyParams(experiment);
  const how = { longest, temperature: 0, topK: 0, topP: 1, seed: experiment.seed, run: 0 };
  const samples: Sample[] = [];
  let sum = 0;
  for (let from = 0; from < count; from += ASKED) {
    progress({ stage: 'evaluate', role, loaded: from, total: count });
    const asked = Array.from({ length: Math.min(ASKED, count - from) }, (_, i) =>
      source.heldOut(from + i),
    );
    const written = await policy.write(
      asked.map(({ prompt }, i) => ({ prompt, slot: from + i })),
      how,
    );
    asked.forEach((question, i) => {
      const { tokens, truncated } = written[i]!;
      const reward = question.grade(tokens, truncated).correctness ?? 0;
      sum += reward;
      const index = from + i;
      if (index >= SAMPLES) return;
      const { question: prompt, expected } = question;
      const text = base.tokenizer.decode(tokens);
      samples.push({ index, prompt, expected, text, correct: reward === RIGHT });
    });
  }
  const accuracy: Accuracy = { accuracy: sum / count, problems: count, ...wilson(sum, count) };
  return { accuracy, samples };
}
