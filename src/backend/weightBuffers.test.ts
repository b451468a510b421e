import { expect, test } from 'vitest';
import { checkBufferSizes } from './weightBuffers.ts';

test('a tensor that is too large for one buffer is named, with both sizes', () => {
  const limits = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 };
  const tensors = [
    { name: 'small', bytes: 2 ** 27 },
    { name: 'wte.weight', bytes: 412 * 2 ** 20 },
  ];
  expect(() => checkBufferSizes(limits, tensors.slice(0, 1))).not.toThrow();
  expect(() => checkBufferSizes(limits, tensors)).toThrow(
    'The tensor “wte.weight” has 412 MiB; this GPU reads at most 128 MiB from one buffer.',
  );
});
