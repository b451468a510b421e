// What cannot be addressed is refused with its numbers before anything is loaded.

import { expect, it } from 'vitest';
import { checkAddressable, FOUR_GIB } from './addressable.ts';

it('says how much there is, how much is needed, and how much can be had', () => {
  expect(() => checkAddressable('big/model.onnx', 2.7e9, FOUR_GIB)).not.toThrow();
  expect(() => checkAddressable('big/model.onnx', 3e9, FOUR_GIB)).toThrow(
    'big/model.onnx has 2.8 GB of weights and needs up to 4.2 GB while it is loaded; WebAssembly can address 4.0 GB.',
  );
  expect(() => checkAddressable('big/model.onnx', 3e12, undefined)).not.toThrow();
});
