import { describe, expect, test } from 'vitest';
import { pace } from './pace.ts';

/** A clock that stands still until it is told to go on. */
function fakeClock() {
  let time = 0;
  let calls: { at: number; call: () => void }[] = [];
  return {
    clock: {
      now: () => time,
      after: (ms: number, call: () => void) => void calls.push({ at: time + ms, call }),
    },
    /** Time that something takes while nothing else happens. */
    spend: (ms: number) => {
      time += ms;
    },
    until(end: number) {
      while (true) {
        calls.sort((a, b) => a.at - b.at);
        const [next] = calls;
        if (!next || next.at > end) break;
        calls = calls.slice(1);
        time = Math.max(time, next.at);
        next.call();
      }
      time = Math.max(time, end);
    },
  };
}

describe('pace', () => {
  test('hands on at once when nothing was handed on lately', () => {
    const { clock, until } = fakeClock();
    const handed: number[][] = [];
    const { push } = pace<number>((items) => handed.push([...items]), clock);
    push(1);
    until(60);
    push(2);
    expect(handed).toEqual([[1], [2]]);
  });

  test('gathers what comes too soon; nothing is lost, nothing changes places', () => {
    const { clock, until } = fakeClock();
    const handed: number[][] = [];
    const { push } = pace<number>((items) => handed.push([...items]), clock);
    for (let i = 0; i < 100; i++) {
      push(i);
      until(i + 1);
    }
    until(1000);
    expect(handed.flat()).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(handed.length).toBeLessThanOrEqual(4);
  });

  test('whatever a batch costs, at most a quarter of the time goes into batches', () => {
    for (const cost of [0, 5, 40, 300, 2000]) {
      const { clock, spend, until } = fakeClock();
      let spent = 0;
      const { push } = pace<number>(() => {
        spend(cost);
        spent += cost;
      }, clock);
      for (let t = 0; t < 20_000; t += 10) {
        until(t);
        push(t);
      }
      const share = spent / clock.now();
      // The last batch may have begun just before the end.
      expect(share).toBeLessThanOrEqual(0.25 + cost / clock.now());
      if (cost === 40) expect(share).toBeGreaterThan(0.2);
    }
  });

  test('what must be seen now is', () => {
    const { clock } = fakeClock();
    const handed: number[][] = [];
    const { push, flush } = pace<number>((items) => handed.push([...items]), clock);
    push(1);
    push(2);
    flush();
    flush();
    expect(handed).toEqual([[1], [2]]);
  });
});
