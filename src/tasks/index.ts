// Every task of the page; adding one is a file and a line here.

import { addition } from './addition.ts';
import { numberWords } from './numberWords.ts';
import { reverse } from './reverse.ts';
import { reviews } from './reviews.ts';
import { sortNumbers } from './sortNumbers.ts';

export const tasks = { numberWords, addition, sortNumbers, reverse, reviews } as const;
export type TaskId = keyof typeof tasks;
