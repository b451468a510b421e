// SHA-256 of what is too large to be in memory at once. The browser's own digest takes a whole buffer, so this one is
// @noble/hashes', which takes pieces.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { chunksOf } from './shelf.ts';

export interface Digest {
  update(chunk: Uint8Array): void;
  /** 64 hexadecimal digits; nothing can be added afterwards. */
  hex(): string;
}

export function createDigest(): Digest {
  const hash = sha256.create();
  return { update: (chunk) => void hash.update(chunk), hex: () => bytesToHex(hash.digest()) };
}

/** @param each is told how many bytes were read */
export async function digestOf(file: Blob, each?: (bytes: number) => void): Promise<string> {
  const digest = createDigest();
  for await (const chunk of chunksOf(file.stream())) {
    digest.update(chunk);
    each?.(chunk.length);
  }
  return digest.hex();
}

/**
 * What a checkpoint is known by. Weights in one file: that file's SHA-256. In several: the SHA-256 of the lines
 * that `sha256sum` prints of them, in the order of their names.
 * @param files SHA-256 by path; names are the paths' last parts
 */
export function contentAddress(files: Readonly<Record<string, string>>): string {
  const known = Object.entries(files).map(
    ([path, hex]) => [path.slice(path.lastIndexOf('/') + 1), hex] as const,
  );
  const [only] = known;
  if (known.length === 1 && only) return only[1];
  const lines = known
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hex]) => `${hex}  ${name}\n`);
  return bytesToHex(sha256(utf8ToBytes(lines.join(''))));
}
