// About how much memory a training by reward takes, before anything is loaded. Reckoned from the shapes of the
// checkpoints; what a runtime sets aside for itself comes on top.

import { checkpoints, isCheckpointId, learnersOf, rolesIn } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { sameContent } from '../experiment/names.ts';
import type { State } from './store.ts';

export interface MemoryPart {
  readonly title: string;
  /** Bytes. */
  readonly bytes: number;
}

export interface MemoryEstimate {
  readonly parts: readonly MemoryPart[];
  readonly bytes: number;
  /** A checkpoint's shape is not known here: what is said is the least. */
  readonly atLeast: boolean;
}

const FLOAT = 4;
/** Weights, gradient and the runtime's copy of it, two moments, and weights and moments of the last good step. */
const LEARNED_COPIES = 8;
/** Numbers per token and unit of width that a layer keeps for the way back: GPT-2's, every operator's input. */
const KEPT_PER_WIDTH = 34;
/** Scores, their softmax and its gradient. */
const KEPT_PER_SCORE = 3;
/** Logits, their softmax and their gradient; larger ones are never there all at once (models/cutGraph). */
const LOGIT_COPIES = 3;
const MOST_LOGITS = 64 * 2 ** 20;
/** Tokens of a prompt, where nobody has counted: a built-in task's are shorter. */
const PROMPT = 32;

/** The shape of a built-in checkpoint, or of the one that one's own was trained from. */
function shapeOf(id: string, stored: State['stored']) {
  let at = id;
  for (let depth = 0; depth < 20; depth++) {
    if (isCheckpointId(at)) return checkpoints[at];
    const kept = stored?.checkpoints.find((one) => sameContent(one.id, at));
    if (!kept) return undefined;
    at = kept.base;
  }
  return undefined;
}

/** Of one that was brought along; until its card is read its files say the most that it can have. */
function parametersOf(id: string, stored: State['stored']): number {
  const kept = stored?.checkpoints.find((one) => sameContent(one.id, id));
  return kept ? kept.parameters || kept.bytes / FLOAT : 0;
}

export function memoryOf(experiment: Experiment, stored: State['stored']): MemoryEstimate {
  const { params } = experiment;
  const number = (key: string, fallback: number) => Number(params[key] ?? fallback);
  const learners: readonly string[] = learnersOf(experiment);
  const rows = number('prompts', 1) * number('samples', number('group', 1));
  const passRows = Math.min(number('microBatch', 16), rows);
  let weights = 0;
  let learning = 0;
  let passes = 0;
  let caches = 0;
  let atLeast = false;
  for (const role of rolesIn(experiment)) {
    const found = shapeOf(experiment[role], stored);
    const learns = learners.includes(role);
    const parameters = found?.parameters ?? parametersOf(experiment[role], stored);
    weights += parameters * FLOAT * (number('beta', 0) > 0 && learns ? 2 : 1);
    if (learns && params.tune !== 'lora') learning += parameters * FLOAT * (LEARNED_COPIES - 1);
    if (!found) {
      atLeast = true;
      continue;
    }
    const { layers, width, heads, vocabulary, context } = found.shape;
    const length = Math.min(context, PROMPT + number('completion', 32));
    const perToken = KEPT_PER_WIDTH * width + KEPT_PER_SCORE * heads * length;
    const logits = LOGIT_COPIES * Math.min(MOST_LOGITS, passRows * length * vocabulary * FLOAT);
    const kept = learns ? passRows * length * layers * perToken * FLOAT : 0;
    passes = Math.max(passes, kept + logits);
    const writes = role === 'small' || experiment.method === 'grpo' || number('continued', 0) > 0;
    if (writes) caches = Math.max(caches, rows * length * layers * 2 * width * FLOAT);
  }
  const parts = [
    { title: 'weights', bytes: weights },
    { title: 'gradients, moments and the last good step', bytes: learning },
    { title: 'what a pass keeps for the way back', bytes: passes },
    { title: 'caches of the completions', bytes: caches },
  ].filter(({ bytes }) => bytes > 0);
  return { parts, bytes: parts.reduce((sum, one) => sum + one.bytes, 0), atLeast };
}
