// A wait that something else can end. What ran on a GPU that is gone may never answer.

export interface Interruptible {
  /** The same promise, unless it is interrupted first. */
  wait<T>(wanted: Promise<T>): Promise<T>;
  /** Ends the wait that is going on, and those to come, until `restore`. */
  interrupt(error: Error): void;
  restore(): void;
}

export function createInterruptible(): Interruptible {
  let broken: Error | undefined;
  let end: ((error: Error) => void) | undefined;
  return {
    wait: (wanted) =>
      new Promise((resolve, reject) => {
        if (broken) reject(broken);
        end = reject;
        wanted.then(resolve, reject);
      }),
    interrupt(error) {
      broken = error;
      end?.(error);
    },
    restore() {
      broken = undefined;
      end = undefined;
    },
  };
}
