// Every task of the page; adding one is a file and a line here.

import { numberWords } from './numberWords.ts';

export const tasks = { numberWords } as const;
export type TaskId = keyof typeof tasks;
