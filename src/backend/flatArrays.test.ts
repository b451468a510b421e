// What people read when weights are too many for a GPU.

import { expect, test } from 'vitest';
import { checkRoom } from './flatArrays.ts';

const MiB = 2 ** 20;
const limits = { maxStorageBufferBindingSize: 128 * MiB, maxBufferSize: 256 * MiB };

test('weights that do not fit one array of the device are refused with both numbers', () => {
  expect(() => checkRoom(limits, 128 * MiB)).not.toThrow();
  expect(() => checkRoom(limits, 200.5 * MiB)).toThrow(
    'The weights are 200.5 MiB; this GPU allows 128.0 MiB in one array.',
  );
});
