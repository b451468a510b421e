// Knobs that all training by reward has: what is written, how far a step goes, what a reward is made of. The
// methods' own are in their files.

import { defineParams } from '../core/params.ts';
import { loraParams } from './loraKnobs.ts';
import { sample } from './sample.ts';
import { sftTrainer } from './sft.ts';

const { params: sft } = sftTrainer;

/** How completions are written. */
export const rolloutKnobs = defineParams({
  completion: {
    kind: 'integer',
    label: 'Completion length',
    symbol: 'L',
    meaning: 'Most tokens of a completion; whoever has not ended by then is truncated.',
    min: 1,
    max: 256,
    step: 1,
    default: 32,
  },
  temperature: {
    ...sample.params.temperature,
    min: 0.1,
    meaning:
      'Of sampling, and of all log-probabilities: a higher one explores more, and learns a flatter policy.',
    default: 1,
  },
  topK: { ...sample.params.topK, advanced: true },
  topP: {
    ...sample.params.topP,
    meaning:
      'Completions are drawn from the smallest set of tokens whose mass reaches p. Below 1, ratios are those of the unfiltered policy all the same, as in TRL, so they are biased; 1 is clean.',
    default: 1,
    advanced: true,
  },
});

/** How far a step goes. */
export const stepKnobs = defineParams({
  steps: { ...sft.steps, default: 300 },
  prompts: {
    kind: 'integer',
    label: 'Prompts',
    symbol: 'P',
    meaning: 'Problems of each step; a group of completions is written for each.',
    min: 1,
    max: 256,
    step: 1,
    default: 16,
  },
  learningRate: { ...sft.learningRate, default: 3e-4 },
});

/** Of the optimiser, folded away. */
export const optimiserKnobs = defineParams({
  schedule: { ...sft.schedule, default: 'constant' },
  warmup: { ...sft.warmup, default: 5 },
  floor: sft.floor,
  weightDecay: { ...sft.weightDecay, default: 0 },
  beta1: sft.beta1,
  beta2: sft.beta2,
  clip: sft.clip,
  spike: {
    kind: 'number',
    label: 'Spike guard',
    meaning:
      'A gradient so many times as long as the median of the last 20 stops the run before the step is made; 0 never does.',
    min: 0,
    max: 10_000,
    step: 10,
    default: 100,
    advanced: true,
  },
  tune: loraParams.tune,
  loraRank: { ...loraParams.loraRank, advanced: true },
  loraAlpha: { ...loraParams.loraAlpha, advanced: true },
  loraTargets: { ...loraParams.loraTargets, advanced: true },
  microBatch: { ...sft.microBatch, default: 16 },
});

/** What a reward is made of. */
export const rewardKnobs = defineParams({
  correctness: {
    kind: 'number',
    label: 'Correctness',
    meaning: 'Weight of the task’s own reward: 1 for a right answer.',
    min: 0,
    max: 10,
    step: 0.1,
    default: 1,
  },
  format: {
    kind: 'number',
    label: 'Format',
    meaning: 'Weight of looking like an answer, right or not, and of ending by oneself.',
    min: 0,
    max: 10,
    step: 0.05,
    default: 0,
  },
  length: {
    kind: 'number',
    label: 'Length',
    meaning:
      'Weight of a penalty that grows to -1 over the last quarter of the room (DAPO’s soft overlong punishment).',
    min: 0,
    max: 10,
    step: 0.05,
    default: 0,
  },
  checker: {
    kind: 'choice',
    label: 'Checker',
    meaning:
      'Of a file of one’s own: what makes an answer right. A built-in task has its own checker.',
    options: [
      { value: 'exact', label: 'the same text' },
      { value: 'numeric', label: 'the same number' },
      { value: 'pattern', label: 'matches the expression' },
    ],
    default: 'exact',
  },
});

export const evaluateKnobs = defineParams({
  evaluateEvery: { ...sft.evaluateEvery, default: 25 },
});

/** Who is to be trained, where a method trains one model. */
export const modelKnob = defineParams({ model: sft.model });

/** Said of each choice that our sources of a paper do not settle. */
export const ASSUMED = 'An assumption: our sources of the paper leave it open.';
