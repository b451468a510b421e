// Which checkpoints stay, which give way; and what is chosen on which machine.
import { describe, expect, it } from 'vitest';
import { diskFolder, loadNodeRuntime } from '../../cli/nodeRuntime.ts';
import { type Checkpoint, loadCheckpoint } from '../models/checkpoint.ts';
import { choose, hardwareOf } from './hardware.ts';
import { createLibrary } from './library.ts';
import type { LoadProgress } from './protocol.ts';
import { throttle } from './throttle.ts';

describe('the library', () => {
  it('keeps the most recently used, and releases the others once', async () => {
    const real = await loadCheckpoint(
      diskFolder('public/models/base-small'),
      await loadNodeRuntime(),
    );
    const released: string[] = [];
    const make = (key: string) => async (): Promise<Checkpoint> => ({
      ...real,
      release: async () => {
        released.push(key);
      },
    });
    const library = createLibrary(2);
    const a = await library.take('wasm a', make('a'));
    await library.take('wasm b', make('b'));
    expect(await library.take('wasm a', make('never'))).toBe(a);
    const c = await library.take('webgpu c', make('c'));
    await library.trim([c]);
    expect(released).toEqual(['b']);
    // What is in use stays, however many there are.
    const d = await library.take('wasm d', make('d'));
    await library.trim([a, c, d]);
    expect(released).toEqual(['b']);
    await library.drop((key) => key.startsWith('webgpu '));
    expect(released).toEqual(['b', 'c']);
    expect(library.find('webgpu c')).toBeUndefined();
    expect(library.find('wasm a')).toBe(a);
    await real.release();
  });
});

describe('what runs where', () => {
  const found = (deviceClass: 'noWebGpu' | 'noAdapter' | 'software' | 'real') =>
    hardwareOf({ deviceClass, adapter: '', why: 'Because.', features: [], device: undefined });
  it.each([
    ['real', 'auto', 'auto', 'webgpu', 'webgpu'],
    ['real', 'wasm', 'auto', 'wasm', 'cpu'],
    ['real', 'wasm', 'webgpu', 'wasm', 'webgpu'],
    ['real', 'auto', 'cpu', 'webgpu', 'cpu'],
    ['software', 'auto', 'auto', 'wasm', 'cpu'],
    ['software', 'webgpu', 'auto', 'webgpu', 'webgpu'],
    ['software', 'auto', 'webgpu', 'wasm', 'webgpu'],
    ['noAdapter', 'auto', 'auto', 'wasm', 'cpu'],
    ['noWebGpu', 'wasm', 'cpu', 'wasm', 'cpu'],
  ] as const)('%s adapter, models %s, kernels %s', (device, provider, kernels, models, ours) => {
    expect(choose({ provider, kernels }, found(device))).toEqual({
      provider: models,
      kernels: ours,
    });
  });
  it.each(['noWebGpu', 'noAdapter'] as const)('%s: what needs a GPU is refused', (device) => {
    for (const wish of [
      { provider: 'webgpu', kernels: 'auto' },
      { provider: 'auto', kernels: 'webgpu' },
    ] as const) {
      expect(() => choose(wish, found(device))).toThrow('is not available here');
    }
  });
});

describe('progress', () => {
  it('is told at each stage’s begin and end, and twenty times a second between', () => {
    const told: LoadProgress[] = [];
    let now = 0;
    const post = throttle(
      (progress) => told.push(progress),
      () => now,
    );
    for (let loaded = 0; loaded <= 100; loaded++, now += 2) {
      post({ stage: 'download', role: 'small', loaded, total: 100 });
    }
    post({ stage: 'session', role: 'small' });
    post({ stage: 'session', role: 'large' });
    expect(told.map(({ loaded }) => loaded)).toEqual([0, 25, 50, 75, 100, undefined, undefined]);
  });
});
