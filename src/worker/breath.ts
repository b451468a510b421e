// A turn of the event loop. WebAssembly's promises resolve without one, so a run that never takes a breath
// hears no pause and no stop.

/** Longest time without listening: a frame, which nobody notices. A turn of a busy loop takes half a millisecond. */
const EVERY_MS = 16;

export interface Breath {
  /** Lets waiting messages in, if that was long ago. */
  take(): Promise<void>;
  close(): void;
}

/** A timer would wait four milliseconds each time; a message to oneself comes back at once. */
export function createBreath(): Breath {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  let last = performance.now();
  port1.onmessage = () => waiting.shift()?.();
  return {
    async take() {
      if (performance.now() - last < EVERY_MS) return;
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        port2.postMessage(undefined);
      });
      last = performance.now();
    },
    close: () => port1.close(),
  };
}
