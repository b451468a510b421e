// A download tells of every few kilobytes; the page wants to hear of it twenty times a second.

import type { LoadProgress } from './protocol.ts';

/** Milliseconds between two messages about the same stage. */
const EVERY = 50;

/** Hands on what begins a stage or completes it, and of the rest one every 50 ms. */
export function throttle(
  post: (progress: LoadProgress) => void,
  now = () => performance.now(),
): (progress: LoadProgress) => void {
  let stage = '';
  let posted = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const name = `${progress.stage} ${progress.role}`;
    const whole = progress.total !== undefined && progress.loaded === progress.total;
    if (name === stage && !whole && now() - posted < EVERY) return;
    stage = name;
    posted = now();
    post(progress);
  };
}
