// A training state as bytes, for disks and browser stores: a line of JSON (what the tensors are called and how
// long they are, and whatever the caller wants to find again), a zero byte, and the numbers, little-endian.

import { UserError } from '../core/errors.ts';
import { isRecord } from './folder.ts';
import { STATE_KINDS, type TrainingState } from './trainable.ts';

const FORMAT = 'tandem-training-1';

export interface SavedTraining {
  readonly state: TrainingState;
  /** The caller's own; JSON. */
  readonly meta: Readonly<Record<string, unknown>>;
}

export function encodeTraining({ state, meta }: SavedTraining): Uint8Array<ArrayBuffer> {
  const lengths = [...state.tensors].map(([name, { weights }]) => [name, weights.length]);
  const header = { format: FORMAT, step: state.step, tensors: lengths, meta };
  const head = new TextEncoder().encode(`${JSON.stringify(header)}\0`);
  const parts = [...state.tensors.values()].flatMap((tensor) =>
    STATE_KINDS.map((kind) => tensor[kind]),
  );
  const size = parts.reduce((sum, part) => sum + part.byteLength, head.length);
  const bytes = new Uint8Array(size);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return bytes;
}

/** @throws UserError 'checkpoint' when these are not the bytes of a whole state */
export function decodeTraining(bytes: Uint8Array): SavedTraining {
  const end = bytes.indexOf(0);
  const header = end < 0 ? undefined : headerOf(new TextDecoder().decode(bytes.subarray(0, end)));
  if (!header) throw damaged('does not begin with its table of contents');
  let at = end + 1;
  const tensors = new Map(
    header.tensors.map(([name, length]) => {
      const [weights, mean, square] = STATE_KINDS.map(() => {
        const part = new Uint8Array(4 * length);
        if (at + part.length > bytes.length) throw damaged('ends early');
        part.set(bytes.subarray(at, at + part.length));
        at += part.length;
        return new Float32Array(part.buffer);
      });
      return [name, { weights: weights!, mean: mean!, square: square! }] as const;
    }),
  );
  if (at !== bytes.length) throw damaged('is longer than it says');
  return { state: { step: header.step, tensors }, meta: header.meta };
}

/** Bytes that are read at a time on the way to the end of the header. */
const PIECE = 2 ** 20;

/**
 * What a state says beside its numbers, which are not read.
 * @throws UserError 'checkpoint' when this is no such file
 */
export async function readAbout(
  file: Blob,
): Promise<{ readonly step: number; readonly meta: SavedTraining['meta'] }> {
  for (let end = PIECE; ; end *= 4) {
    const bytes = new Uint8Array(await file.slice(0, end).arrayBuffer());
    const length = bytes.indexOf(0);
    if (length < 0 && end < file.size) continue;
    const header = headerOf(new TextDecoder().decode(bytes.subarray(0, Math.max(0, length))));
    if (!header) throw damaged('does not begin with its table of contents');
    return { step: header.step, meta: header.meta };
  }
}

function headerOf(text: string) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value.format !== FORMAT || !isRecord(value.meta)) return undefined;
  const { step, tensors, meta } = value;
  if (typeof step !== 'number' || !Array.isArray(tensors) || !tensors.every(isLength)) {
    return undefined;
  }
  return { step, tensors, meta };
}

const isLength = (value: unknown): value is [string, number] =>
  Array.isArray(value) && typeof value[0] === 'string' && Number.isInteger(value[1]);

const damaged = (what: string) =>
  new UserError(
    'checkpoint',
    `The saved training state ${what}.`,
    'It was not written whole: begin this training afresh.',
  );
