// Where a checkpoint's files come from. A folder in Hugging Face layout, wherever it lies: below the page's
// own address, on a disk (command line), or dropped by hand.

import { UserError } from '../core/errors.ts';
import type { PortRoles } from '../core/modelCard.ts';
import { hasTooManyNames, MOST_NAMES } from './jsonNames.ts';
import { sniff } from './sniff.ts';

/** Bytes so far and in all; `total` is absent when nobody knows. */
export type ByteProgress = (loaded: number, total?: number) => void;

export interface CheckpointFolder {
  /** As people know it: `base-large`. */
  readonly name: string;
  /** Paths of all files, where they are known without asking for each. */
  readonly files?: ReadonlySet<string>;
  /** Which input and output is which, where somebody has said it. */
  readonly ports?: PortRoles;
  /**
   * The file at `path`, a relative path such as `onnx/model.onnx`.
   * @throws UserError 'checkpoint' when there is none
   */
  read(path: string, progress?: ByteProgress, signal?: AbortSignal): Promise<Uint8Array>;
  /** The same without reading it, where the file lies on a disk. */
  blob?(path: string): Promise<Blob>;
}

/** `path` of `folder` as text. */
export async function readText(
  folder: CheckpointFolder,
  path: string,
  signal?: AbortSignal,
): Promise<string> {
  return new TextDecoder().decode(await folder.read(path, undefined, signal));
}

/** `path` of `folder` as a JSON object. @throws UserError 'checkpoint' when it is not one */
export async function readJson(
  folder: CheckpointFolder,
  path: string,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await folder.read(path, undefined, signal);
  if (hasTooManyNames(bytes)) {
    throw new UserError(
      'checkpoint',
      `${folder.name}/${path} has more than ${MOST_NAMES.toLocaleString('en-US')} names and values, which no file of a checkpoint needs.`,
      'Use the file that belongs to the model.',
    );
  }
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isRecord(value)) return value;
    throw new Error('the top level is not an object');
  } catch (cause) {
    const kind = sniff(bytes);
    const what = kind && !kind.is.includes('JSON') ? kind.is : 'is not valid JSON';
    throw new UserError(
      'checkpoint',
      `Expected a JSON object, but ${folder.name}/${path} ${what}.`,
      kind && !kind.is.includes('JSON') ? kind.remedy : 'Download it again, or repair it.',
      { cause },
    );
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function missingFile(folder: string, path: string, why: string): UserError {
  return new UserError(
    'checkpoint',
    `The checkpoint ${folder} has no file ${path}: ${why}.`,
    'A checkpoint is a folder with config.json, tokenizer.json, tokenizer_config.json and onnx/model.onnx.',
  );
}

/**
 * A folder below `url`, which ends with a slash.
 * @param bytes sizes that are known beforehand, by path; for progress where the server names none
 */
export function httpFolder(
  name: string,
  url: string,
  bytes: Readonly<Record<string, number>> = {},
): CheckpointFolder {
  return {
    name,
    read: (path, progress, signal) =>
      download(new URL(path, url), {
        what: `${name}/${path}`,
        missing: (why) => missingFile(name, path, why),
        bytes: bytes[path],
        progress,
        signal,
      }),
  };
}

/** Files that the browser holds, such as dropped ones: read when they are asked for. */
export function blobFolder(name: string, files: ReadonlyMap<string, Blob>): CheckpointFolder {
  const find = (path: string): Blob => {
    const file = files.get(path);
    if (file === undefined) throw missingFile(name, path, 'it is not among the files');
    return file;
  };
  return {
    name,
    files: new Set(files.keys()),
    blob: async (path) => find(path),
    async read(path, progress) {
      const file = find(path);
      progress?.(0, file.size);
      try {
        const bytes = new Uint8Array(await file.arrayBuffer());
        progress?.(bytes.length, bytes.length);
        return bytes;
      } catch (cause) {
        throw new UserError(
          'checkpoint',
          `${name}/${path} could not be read: it was moved, changed or deleted after it was dropped.`,
          'Drop it again.',
          { cause },
        );
      }
    },
  };
}

/** Files in memory. */
export function memoryFolder(
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
): CheckpointFolder {
  return {
    name,
    files: new Set(files.keys()),
    async read(path) {
      const file = files.get(path);
      if (file === undefined) throw missingFile(name, path, 'it was not written');
      return file;
    },
  };
}

export interface Download {
  /** The file as people know it. */
  readonly what: string;
  /** The error for a file that is not there; `why` completes "...: the server answered". */
  readonly missing: (why: string) => UserError;
  readonly bytes?: number | undefined;
  readonly progress?: ByteProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws UserError; DOMException AbortError when `signal` says so */
export async function download(url: URL, options: Download): Promise<Uint8Array<ArrayBuffer>> {
  const { what, missing, bytes, progress, signal } = options;
  const interrupted = (cause: unknown): unknown =>
    cause instanceof DOMException && cause.name === 'AbortError'
      ? cause
      : new UserError(
          'checkpoint',
          `The download of ${what} was interrupted.`,
          'Check the network connection and run again.',
          { cause },
        );
  const response = await fetch(url, signal ? { signal } : {}).catch((cause) => {
    throw interrupted(cause);
  });
  if (response.status === 404 || response.status === 410) {
    throw missing(`the server answered ${response.status}`);
  }
  if (!response.ok) {
    throw new UserError(
      'checkpoint',
      `The server answered ${response.status} when asked for ${what}.`,
      'Try again later; if it stays so, tell whoever runs this site.',
    );
  }
  // Compressed transfers name the compressed size, which says nothing about what arrives.
  const length = response.headers.get('content-encoding')
    ? undefined
    : Number(response.headers.get('content-length')) || undefined;
  const file = await readStream(response, length ?? bytes, progress).catch((cause) => {
    throw interrupted(cause);
  });
  // Static hosts answer with their own page, and with success, where a file is missing.
  if (sniff(file)?.is === 'is a web page') throw missing('the server answered with a web page');
  return file;
}

/** The body, whole; grows a buffer when the size was not known or not true. */
async function readStream(
  response: Response,
  expected: number | undefined,
  progress?: ByteProgress,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!response.body) return new Uint8Array(await response.arrayBuffer());
  let buffer = new Uint8Array(expected ?? 1 << 16);
  let loaded = 0;
  progress?.(0, expected);
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (loaded + value.length > buffer.length) {
      const larger = new Uint8Array(Math.max(2 * buffer.length, loaded + value.length));
      larger.set(buffer.subarray(0, loaded));
      buffer = larger;
    }
    buffer.set(value, loaded);
    loaded += value.length;
    progress?.(loaded, expected === undefined ? undefined : Math.max(expected, loaded));
  }
  return buffer.subarray(0, loaded);
}
