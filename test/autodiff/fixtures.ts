// The gradient fixtures from the disk.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Fixture, fixtureFrom } from './fixture.ts';

export type { Fixture } from './fixture.ts';

export function bytesOf(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(fileURLToPath(new URL(path, import.meta.url))));
}

export function loadFixture(name: 'gpt2' | 'llama'): Fixture {
  const file = (ending: string) => bytesOf(`../fixtures/autodiff/${name}.${ending}`);
  const index = JSON.parse(new TextDecoder().decode(file('json')));
  return fixtureFrom(file('onnx'), index, file('bin'));
}
