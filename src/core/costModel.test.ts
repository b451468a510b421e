import { expect, test } from 'vitest';
import { costModelSpeedUp } from './costModel.ts';

test('the large model alone is exactly as fast as itself', () => {
  const alone = {
    tokens: 40,
    passes: { small: 0, large: 40 },
    passMs: { small: 0.2, large: 1.3 },
  };
  expect(costModelSpeedUp(alone)).toBeCloseTo(1, 12);
});

test('a free small model that is never corrected makes it as fast as its drafts are long', () => {
  const drafts = { tokens: 40, passes: { small: 40, large: 4 }, passMs: { small: 0, large: 1 } };
  expect(costModelSpeedUp(drafts)).toBeCloseTo(10, 12);
});

test('without a measured pass there is no number', () => {
  const nothing = { tokens: 0, passes: { small: 0, large: 0 }, passMs: { small: 0, large: 0 } };
  expect(costModelSpeedUp(nothing)).toBeUndefined();
});
