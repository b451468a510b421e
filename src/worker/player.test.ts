// Play, pause, step, stop: what is pulled, what is posted, and when.
import { expect, test } from 'vitest';
import type { RunEvent } from '../core/events.ts';
import { makePlayer } from './player.ts';

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
const settle = async () => {
  for (let i = 0; i < 10; i++) await turn();
};

/** A run of `length` events that counts what was made and whether it was freed. */
function counting(length: number) {
  const state = { made: 0, freed: false };
  async function* run(): AsyncGenerator<RunEvent, void, void> {
    try {
      while (state.made < length) {
        state.made++;
        yield { type: 'completed' };
      }
    } finally {
      state.freed = true;
    }
  }
  return { state, run: run() };
}

test('a paused run makes nothing; each step makes one event; play makes the rest', async () => {
  const { state, run } = counting(5);
  let posted = 0;
  const player = makePlayer(run, (events) => (posted += events.length), turn, { paused: true });
  await settle();
  expect(state.made).toBe(0);
  player.step();
  await settle();
  expect([state.made, posted]).toEqual([1, 1]);
  player.step();
  player.step();
  await settle();
  expect([state.made, posted]).toEqual([3, 3]);
  player.play();
  await player.over;
  expect([state.made, posted, state.freed]).toEqual([5, 5, true]);
});

test('pause holds a playing run, step then makes exactly one', async () => {
  const { state, run } = counting(1000);
  const player = makePlayer(run, () => {}, turn);
  await turn();
  await turn();
  player.pause();
  await settle();
  const held = state.made;
  expect(held).toBeLessThan(1000);
  await settle();
  expect(state.made).toBe(held);
  player.step();
  await settle();
  expect(state.made).toBe(held + 1);
  player.stop();
  await player.over;
  expect(state.freed).toBe(true);
});

test.each([true, false])(
  'stop frees the run, paused (%s) or not, and posts what there is',
  async (paused) => {
    const { state, run } = counting(1e6);
    let posted = 0;
    const player = makePlayer(run, (events) => (posted += events.length), turn, { paused });
    await settle();
    player.stop();
    await player.over;
    expect(state.freed || state.made === 0).toBe(true);
    expect(posted).toBe(state.made);
    expect(player.stopped).toBe(true);
  },
);

test('events are gathered: one message per 50 ms however many events there are', async () => {
  const { run } = counting(1000);
  const sizes: number[] = [];
  let clock = 0;
  const player = makePlayer(
    run,
    (events) => sizes.push(events.length),
    () => {},
    {
      now: () => clock++,
    },
  );
  await player.over;
  expect(sizes.reduce((a, b) => a + b, 0)).toBe(1000);
  expect(sizes.length).toBeLessThanOrEqual(1000 / 50 + 2);
});

test('a run that throws posts what came before, is freed, and says why', async () => {
  let posted = 0;
  async function* failing(): AsyncGenerator<RunEvent, void, void> {
    yield { type: 'completed' };
    throw new Error('broken');
  }
  const player = makePlayer(failing(), (events) => (posted += events.length), turn);
  await expect(player.over).rejects.toThrow('broken');
  expect(posted).toBe(1);
});
