// How a request leaves the page. The page and its workers may talk to their own server only; where somebody typed the
// address of another one, a small document of its own (door.html) with a policy of its own carries the requests, for as
// long as that is needed. These are the words that are passed through the port between it and whoever asks.

export type ToDoor =
  | {
      readonly type: 'ask';
      readonly id: number;
      readonly url: string;
      readonly method: 'GET' | 'HEAD';
      readonly headers: Readonly<Record<string, string>>;
    }
  /** One more chunk is welcome. */
  | { readonly type: 'more'; readonly id: number }
  | { readonly type: 'cancel'; readonly id: number };

export type FromDoor =
  | {
      readonly type: 'head';
      readonly id: number;
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
    }
  | { readonly type: 'chunk'; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'end'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly why: string };

interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** `fetch` through the port of a door. */
export function throughDoor(port: Port) {
  let last = 0;
  const open = new Map<number, (message: FromDoor) => void>();
  port.onmessage = ({ data }: MessageEvent<FromDoor>) => open.get(data.id)?.(data);
  const say = (message: ToDoor) => port.postMessage(message);

  return (
    url: string,
    init: {
      readonly method?: 'GET' | 'HEAD';
      readonly headers?: Readonly<Record<string, string>>;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<Response> => {
    const { method = 'GET', headers = {}, signal } = init;
    const id = ++last;
    return new Promise((resolve, reject) => {
      let body: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
      let arrived: (() => void) | undefined;
      const aborted = () => end(new DOMException('The request was cancelled.', 'AbortError'));
      function end(error?: unknown): void {
        if (!open.delete(id)) return;
        signal?.removeEventListener('abort', aborted);
        arrived?.();
        if (error === undefined) {
          body?.close();
          return;
        }
        say({ type: 'cancel', id });
        body?.error(error);
        reject(error);
      }
      open.set(id, (message) => {
        switch (message.type) {
          case 'head': {
            const { status } = message;
            const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
              {
                start: (controller) => {
                  body = controller;
                },
                // Over when the chunk has come, so that one call asks for one.
                pull: () =>
                  new Promise<void>((came) => {
                    arrived = came;
                    say({ type: 'more', id });
                  }),
                cancel: () => {
                  body = undefined;
                  open.delete(id);
                  say({ type: 'cancel', id });
                },
              },
              { highWaterMark: 2 },
            );
            const none = method === 'HEAD' || status === 204 || status === 304;
            return resolve(
              new Response(none ? null : stream, {
                status,
                headers: message.headers.map((one) => [...one] as [string, string]),
              }),
            );
          }
          case 'chunk':
            body?.enqueue(message.bytes);
            return arrived?.();
          case 'end':
            return end();
          default:
            return end(new TypeError(message.why));
        }
      });
      if (signal?.aborted) return aborted();
      signal?.addEventListener('abort', aborted);
      say({ type: 'ask', id, url, method, headers });
    });
  };
}

/** The door's side: carries requests to servers below `base`, one chunk for each that is welcome. */
export function keepDoor(port: Port, base: string, carry: typeof fetch = fetch): void {
  const going = new Map<number, { abort: AbortController; welcome: number; wake?: () => void }>();
  const say = (message: FromDoor, transfer: Transferable[] = []) =>
    port.postMessage(message, transfer);

  port.onmessage = ({ data }: MessageEvent<ToDoor>) => {
    if (data.type === 'ask') return void answer(data);
    const one = going.get(data.id);
    if (!one) return;
    if (data.type === 'more') one.welcome++;
    else one.abort.abort();
    one.wake?.();
  };

  async function answer({
    id,
    url,
    method,
    headers,
  }: Extract<ToDoor, { type: 'ask' }>): Promise<void> {
    const abort = new AbortController();
    const one: { abort: AbortController; welcome: number; wake?: () => void } = {
      abort,
      welcome: 0,
    };
    going.set(id, one);
    try {
      if (!url.startsWith(`${base}/`)) throw new Error(`${url} is not below ${base}`);
      const response = await carry(url, {
        method,
        headers: { ...headers },
        signal: abort.signal,
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
      });
      say({ type: 'head', id, status: response.status, headers: [...response.headers] });
      const reader = method === 'HEAD' ? undefined : response.body?.getReader();
      while (reader) {
        const { done, value } = await reader.read();
        if (done) break;
        while (one.welcome <= 0 && !abort.signal.aborted) {
          await new Promise<void>((wake) => {
            one.wake = wake;
          });
        }
        abort.signal.throwIfAborted();
        one.welcome--;
        say({ type: 'chunk', id, bytes: value }, [value.buffer]);
      }
      say({ type: 'end', id });
    } catch (error) {
      say({ type: 'failed', id, why: error instanceof Error ? error.message : String(error) });
    } finally {
      going.delete(id);
    }
  }
}
