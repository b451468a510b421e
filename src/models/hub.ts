// Talking to a server with Hugging Face's layout: which files are there, and their bytes, from where one already has
// them. What carries the requests is given: the worker that calls this cannot reach any server but the page's own.

import { UserError } from '../core/errors.ts';
import { type HubAddress, hubFileUrl, hubListUrl, showHubAddress } from '../core/hubAddress.ts';
import { isRecord } from './folder.ts';

/** As `fetch`, as far as it is needed here. */
export type Carrier = (
  url: string,
  init: {
    readonly method?: 'GET' | 'HEAD';
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
  },
) => Promise<Response>;

export interface HubFile {
  readonly path: string;
  /** Absent where the server does not say. */
  readonly bytes?: number;
  readonly sha256?: string;
}

const HEX64 = /^[0-9a-f]{64}$/;
/** Pages of a list; each has up to a thousand files. */
const MOST_PAGES = 20;

/** What may be there, for servers that have no list. */
const SUFFIXES = ['', '_fp16', '_q4f16', '_q4', '_quantized', '_int8', '_uint8', '_bnb4'];
const KNOWN = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'genai_config.json',
  ...SUFFIXES.flatMap((suffix) => [`onnx/model${suffix}.onnx`, `onnx/model${suffix}.onnx_data`]),
  'model.onnx',
  'model.onnx.data',
  'model.onnx_data',
  'model.safetensors',
  'model.safetensors.index.json',
  'README.md',
];

/**
 * The files of a model.
 * @throws UserError 'checkpoint' when there are none, or the server does not answer; DOMException AbortError
 */
export async function listHub(
  address: HubAddress,
  carry: Carrier,
  signal?: AbortSignal,
): Promise<readonly HubFile[]> {
  const listed = await listedFiles(address, carry, signal);
  const files = listed ?? (await probed(address, carry, signal));
  if (files.length > 0) return files;
  throw new UserError(
    'checkpoint',
    `${showHubAddress(address)} has no files that could be found.`,
    'Check the name and the revision; private models cannot be fetched from here.',
  );
}

/** Undefined when the server has no list. */
async function listedFiles(
  address: HubAddress,
  carry: Carrier,
  signal?: AbortSignal,
): Promise<readonly HubFile[] | undefined> {
  const files: HubFile[] = [];
  let url: string | undefined = hubListUrl(address);
  for (let page = 0; url !== undefined && page < MOST_PAGES; page++) {
    const response: Response = await ask(address, carry, url, { ...(signal && { signal }) });
    if (response.status === 401 || response.status === 403) throw closed(address, response.status);
    if (!response.ok) return undefined;
    const entries: unknown = await response.json().catch(() => undefined);
    if (!Array.isArray(entries)) return undefined;
    files.push(...entries.flatMap(fileOf));
    url = nextPage(response, url);
  }
  return files;
}

function fileOf(entry: unknown): HubFile[] {
  if (!isRecord(entry) || entry.type !== 'file' || typeof entry.path !== 'string') return [];
  if (!isPlain(entry.path)) return [];
  const lfs = isRecord(entry.lfs) ? entry.lfs : {};
  const bytes = typeof lfs.size === 'number' ? lfs.size : entry.size;
  const { oid } = lfs;
  return [
    {
      path: entry.path,
      ...(typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0 && { bytes }),
      ...(typeof oid === 'string' && HEX64.test(oid) && { sha256: oid }),
    },
  ];
}

/** A path within the model, and nothing that leads out of it. */
const isPlain = (path: string): boolean =>
  path.length <= 300 &&
  !/^[/\\]|\\|[\p{Cc}]/u.test(path) &&
  !path.split('/').some((part) => part === '' || part === '.' || part === '..');

/** Only of the same server. */
function nextPage(response: Response, asked: string): string | undefined {
  const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
  if (next === undefined) return undefined;
  const url = new URL(next, asked);
  return url.origin === new URL(asked).origin ? url.href : undefined;
}

async function probed(
  address: HubAddress,
  carry: Carrier,
  signal?: AbortSignal,
): Promise<readonly HubFile[]> {
  const answers = await Promise.all(
    KNOWN.map(async (path): Promise<HubFile[]> => {
      const init = { method: 'HEAD', ...(signal && { signal }) } as const;
      const response = await ask(address, carry, hubFileUrl(address, path), init);
      if (response.status === 401 || response.status === 403)
        throw closed(address, response.status);
      if (!response.ok) return [];
      // A static host's own page, where a file is missing.
      if (response.headers.get('content-type')?.includes('text/html')) return [];
      const { bytes, sha256 } = saidOf(response);
      return [
        { path, ...(bytes !== undefined && { bytes }), ...(sha256 !== undefined && { sha256 }) },
      ];
    }),
  );
  return answers.flat();
}

/** What the headers of a file say of the whole of it. */
function saidOf(response: Response): { bytes?: number; sha256?: string; etag?: string } {
  const { headers } = response;
  const range = /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  const encoded = headers.get('content-encoding') !== null;
  const length = response.status === 206 ? range : encoded ? null : headers.get('content-length');
  const bytes = Number(headers.get('x-linked-size') ?? length ?? Number.NaN);
  const etag = headers.get('x-linked-etag') ?? headers.get('etag') ?? undefined;
  const bare = etag?.replace(/^W\//, '').replaceAll('"', '');
  return {
    ...(Number.isSafeInteger(bytes) && bytes > 0 && { bytes }),
    ...(bare !== undefined && HEX64.test(bare) && { sha256: bare }),
    ...(etag !== undefined && { etag }),
  };
}

export interface FileStream {
  /** Where its bytes begin: where one asked for them, or 0 when the server gives the whole file again. */
  readonly from: number;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly etag?: string;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * A file's bytes from `from` on, if it is still the version that `etag` names.
 * @throws UserError 'checkpoint' when it is not there, or the server does not answer; DOMException AbortError
 */
export async function openHubFile(
  address: HubAddress,
  path: string,
  carry: Carrier,
  {
    from = 0,
    etag,
    signal,
  }: { from?: number; etag?: string | undefined; signal?: AbortSignal } = {},
): Promise<FileStream> {
  const headers: Record<string, string> = {};
  if (from > 0) headers.range = `bytes=${from}-`;
  const init = { headers, ...(signal && { signal }) };
  let response = await ask(address, carry, hubFileUrl(address, path), init);
  let said = saidOf(response);
  const other = etag !== undefined && said.etag !== undefined && said.etag !== etag;
  if (from > 0 && (response.status === 416 || (response.status === 206 && other))) {
    // It is shorter now, or another one: from its beginning.
    await response.body?.cancel();
    response = await ask(address, carry, hubFileUrl(address, path), { ...(signal && { signal }) });
    said = saidOf(response);
  }
  if (response.status === 401 || response.status === 403) throw closed(address, response.status);
  if (!response.ok || !response.body) {
    throw new UserError(
      'checkpoint',
      `The server answered ${response.status} when asked for ${path} of ${showHubAddress(address)}.`,
      response.status === 404
        ? 'Check the name and the revision.'
        : 'Try again later; what is here already stays.',
    );
  }
  return {
    ...said,
    from: response.status === 206 ? from : 0,
    body: response.body as FileStream['body'],
  };
}

async function ask(
  address: HubAddress,
  carry: Carrier,
  url: string,
  init: Parameters<Carrier>[1],
): Promise<Response> {
  if (!url.startsWith(`${address.base}/`)) throw new Error(`not below ${address.base}`);
  try {
    return await carry(url, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    if (cause instanceof UserError) throw cause;
    throw new UserError(
      'checkpoint',
      `${new URL(address.base).host} does not answer, or does not let other pages read from it (CORS).`,
      'Check the address and the network; or download the files and drop them here.',
      { cause },
    );
  }
}

const closed = (address: HubAddress, status: number) =>
  new UserError(
    'checkpoint',
    `${showHubAddress(address)} is not there, or not open to everybody: the server answered ${status}.`,
    'Check the name. For a private or gated model, download its files and drop them here.',
  );
