// Every algorithm; adding one is a file and a line here.

import { bild } from './bild.ts';
import { greedy } from './greedy.ts';
import { sample } from './sample.ts';
import { sftTrainer } from './sft.ts';

/** Decoding. */
export const algorithms = { bild, greedy, sample } as const;
export type AlgorithmId = keyof typeof algorithms;

/** Training. */
export const trainers = { sft: sftTrainer } as const;
export type TrainerId = keyof typeof trainers;
