// A wait that something else can end. What ran on a GPU that is gone may never answer.

export interface Interruptible {
  /** The same promise, unless it is interrupted first. */
  wait<T>(wanted: Promise<T>): Promise<T>;
  /** Ends the waits that are going on, and those to come, until `restore`. */
  interrupt(error: Error): void;
  restore(): void;
}

export function createInterruptible(): Interruptible {
  let broken: Error | undefined;
  /** Of a run, and of what is done between two of its events. */
  const ends = new Set<(error: Error) => void>();
  return {
    wait: (wanted) =>
      new Promise((resolve, reject) => {
        if (broken) reject(broken);
        ends.add(reject);
        wanted.then(resolve, reject).finally(() => ends.delete(reject));
      }),
    interrupt(error) {
      broken = error;
      for (const end of ends) end(error);
    },
    restore() {
      broken = undefined;
    },
  };
}
