// The four answers of findDevice, from GPUs made up for the purpose.

import { expect, test, vi } from 'vitest';
import { findDevice } from './device.ts';

interface Found {
  readonly info?: Partial<GPUAdapterInfo>;
  readonly limits?: Readonly<Record<string, number>>;
  readonly refuses?: string;
}

function gpuWith({ info = {}, limits = {}, refuses }: Found) {
  const requestDevice = vi.fn(async (descriptor: GPUDeviceDescriptor) => {
    if (refuses !== undefined) throw new Error(refuses);
    return { label: descriptor.label };
  });
  const adapter = {
    info: { vendor: '', architecture: '', device: '', description: '', ...info },
    features: new Set(['subgroups', 'bgra8unorm-storage']),
    limits,
    requestDevice,
  };
  const gpu = { requestAdapter: async () => adapter } as unknown as GPU; // as much of one as is asked
  return { gpu, requestDevice };
}

test('no WebGPU: says which browser has it', async () => {
  const found = await findDevice(undefined);
  expect(found).toMatchObject({ deviceClass: 'noWebGpu', adapter: '', device: undefined });
  expect(found.why).toContain('This browser has no WebGPU');
});

test('no adapter: says where to turn it on', async () => {
  const gpu = { requestAdapter: async () => null } as unknown as GPU;
  const found = await findDevice(gpu);
  expect(found).toMatchObject({ deviceClass: 'noAdapter', device: undefined });
  expect(found.why).toContain('turn on graphics acceleration');
});

test('an adapter that gives no device is no adapter, with the reason', async () => {
  const { gpu } = gpuWith({ refuses: 'adapter is consumed' });
  const found = await findDevice(gpu);
  expect(found).toMatchObject({ deviceClass: 'noAdapter', device: undefined });
  expect(found.why).toContain('adapter is consumed');
});

test('software is software, by flag or by name', async () => {
  for (const info of [
    { isFallbackAdapter: true, description: 'some renderer' },
    { architecture: 'swiftshader' },
    { description: 'llvmpipe (LLVM 19.1)' },
    { description: 'Microsoft Basic Render Driver' },
  ]) {
    const found = await findDevice(gpuWith({ info }).gpu);
    expect(found.deviceClass).toBe('software');
    expect(found.device).toBeDefined();
  }
});

test('a real adapter: its words, its features, limits no higher than it has', async () => {
  const { gpu, requestDevice } = gpuWith({
    info: { vendor: 'nvidia', architecture: 'hopper' },
    limits: { maxBufferSize: 2 ** 28, maxComputeInvocationsPerWorkgroup: 2048 },
  });
  const found = await findDevice(gpu);
  expect(found).toMatchObject({
    deviceClass: 'real',
    adapter: 'nvidia, hopper',
    features: ['subgroups'],
  });
  expect(requestDevice.mock.calls[0]?.[0]).toMatchObject({
    requiredFeatures: ['subgroups'],
    requiredLimits: { maxBufferSize: 2 ** 28, maxComputeInvocationsPerWorkgroup: 1024 },
  });
});
