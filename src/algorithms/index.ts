// Every algorithm; adding one is a file and a line here.

import { bestOfN } from './bestOfN.ts';
import { bild } from './bild.ts';
import { codistillTrainer } from './codistillKnobs.ts';
import { contrastiveDecoding } from './contrastiveDecoding.ts';
import { dExperts } from './dExperts.ts';
import { distillationTrainer } from './distillationKnobs.ts';
import { dynamicFusion } from './dynamicFusion.ts';
import { emulatedFineTuning } from './emulatedFineTuning.ts';
import { greedy } from './greedy.ts';
import { grpoTrainer } from './grpoKnobs.ts';
import { proxyTuning } from './proxyTuning.ts';
import { sample } from './sample.ts';
import { sftTrainer } from './sft.ts';
import { speculative } from './speculative.ts';
import { weakToStrong } from './weakToStrong.ts';

/** Decoding, in the order in which it is offered: drafts, fused logits, search, one model alone. */
export const algorithms = {
  bild,
  speculative,
  dynamicFusion,
  proxyTuning,
  emulatedFineTuning,
  dExperts,
  contrastiveDecoding,
  weakToStrong,
  bestOfN,
  greedy,
  sample,
} as const;
export type AlgorithmId = keyof typeof algorithms;

/** Training. */
export const trainers = {
  sft: sftTrainer,
  grpo: grpoTrainer,
  codistillGrpo: codistillTrainer,
  onPolicyDistillation: distillationTrainer,
} as const;
export type TrainerId = keyof typeof trainers;
