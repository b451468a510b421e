// A server with Hugging Face's layout, on this machine: a list of files with checksums, files with ranges, redirects to
// another path as its content servers do, and on demand everything that goes wrong on the way.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubOptions {
  /** Paths within the model. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly repo?: string;
  readonly revision?: string;
  /** There is no API: files must be guessed. */
  readonly withoutList?: boolean;
  /** Whole files only. */
  readonly withoutRanges?: boolean;
}

export interface HubServer {
  /** `http://127.0.0.1:PORT` */
  readonly base: string;
  /** What was asked for: method, path, range. */
  readonly asked: string[];
  /** So many bytes of each answer, then the connection breaks; undefined: all of them. */
  breakAfter: number | undefined;
  /** So many bytes of each answer, then silence until this changes. */
  holdAfter: number | undefined;
  /** Files of this path are sent with other bytes than they have. */
  damaged: string | undefined;
  /** Replaces a file. */
  put(path: string, bytes: Uint8Array): void;
  close(): Promise<void>;
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export async function hubServer(options: HubOptions): Promise<HubServer> {
  const { repo = 'org/tiny', revision = 'main', withoutList, withoutRanges } = options;
  const files = new Map(options.files);
  const asked: string[] = [];
  const server = createServer((request, response) => void answer(request, response));
  const state: HubServer = {
    base: '',
    asked,
    breakAfter: undefined,
    holdAfter: undefined,
    damaged: undefined,
    put: (path, bytes) => void files.set(path, bytes),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://hub');
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', 'range');
    response.setHeader(
      'access-control-expose-headers',
      'etag, content-range, content-length, link',
    );
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    asked.push([request.method, pathname, request.headers.range].filter(Boolean).join(' '));
    if (pathname === `/api/models/${repo}/tree/${revision}` && !withoutList) {
      const list = [...files].map(([path, bytes]) => ({
        type: 'file',
        path,
        size: bytes.length,
        oid: 'git',
        // Only large files have a SHA-256 there.
        ...(path.endsWith('.onnx') && { lfs: { oid: hashOf(bytes), size: bytes.length } }),
      }));
      response.setHeader('content-type', 'application/json');
      return void response.end(JSON.stringify(list));
    }
    const prefix = `/${repo}/resolve/${revision}/`;
    if (pathname.startsWith(prefix)) {
      const path = pathname.slice(prefix.length);
      if (!files.has(path)) return void response.writeHead(404).end();
      // Large files lie elsewhere.
      if (!path.endsWith('.onnx')) return send(path, request, response);
      return void response.writeHead(302, { location: `/content/${path}` }).end();
    }
    if (pathname.startsWith('/content/')) return send(pathname.slice(9), request, response);
    response.writeHead(404).end();
  }

  async function send(path: string, request: IncomingMessage, response: ServerResponse) {
    const whole = files.get(path) as Uint8Array;
    const etag = `"${hashOf(whole)}"`;
    const range = withoutRanges ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const from = range ? Number(range[1]) : 0;
    if (range && from >= whole.length) {
      return void response.writeHead(416, { 'content-range': `bytes */${whole.length}` }).end();
    }
    const bytes = Buffer.from(whole.subarray(from));
    if (state.damaged === path) bytes.fill(1);
    response.writeHead(range ? 206 : 200, {
      etag,
      'content-length': bytes.length,
      'content-type': 'application/octet-stream',
      ...(range && { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` }),
    });
    if (request.method === 'HEAD') return void response.end();
    const { breakAfter, holdAfter } = state;
    const first = Math.min(bytes.length, breakAfter ?? holdAfter ?? bytes.length);
    await new Promise((sent) => response.write(bytes.subarray(0, first), sent));
    if (first < bytes.length && breakAfter !== undefined) {
      // Time for what was sent to arrive.
      await new Promise((resolve) => setTimeout(resolve, 30));
      return void response.destroy();
    }
    while (state.holdAfter !== undefined && first < bytes.length && !response.destroyed) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    response.end(bytes.subarray(first));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, { base: `http://127.0.0.1:${port}` });
}
