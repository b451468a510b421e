import { expect, test } from 'vitest';
import { endNotice, stayNotice } from './stayNotice.ts';
import { heard } from './store.ts';

test('what is told of a run and of its checkpoint is heard, whichever comes first', () => {
  const end = 'Run 1 finished: 2 steps.';
  const first = stayNotice(false, endNotice(end, heard('Started.')));
  const second = endNotice(end, stayNotice(false, heard('Started.')));
  expect(first).toMatchObject({ text: second.text, shown: true });
  expect(first.text).toMatch(/^Run 1 finished: 2 steps\. It is kept .* export/);
});

test('each stands alone where the other is not', () => {
  expect(endNotice('Run 1 finished.', heard('Started.')).text).toBe('Run 1 finished.');
  expect(stayNotice(true, heard('Started.')).text).toMatch(/^It is kept .* promised/);
});
