// Every decoding algorithm; adding one is a file and a line here.

import { bild } from './bild.ts';
import { greedy } from './greedy.ts';
import { sample } from './sample.ts';

export const algorithms = { bild, greedy, sample } as const;
export type AlgorithmId = keyof typeof algorithms;
