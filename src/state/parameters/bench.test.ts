// The dials as the page keeps them: undo, redo, one edit per turn of a dial, and answers that come too late.
import { expect, test } from 'vitest';
import { setUp } from '../../../test/support/fakePage.ts';
import type { Edit, Target } from '../../core/dials.ts';
import { decode } from '../../experiment/link.ts';
import type { Next, ToWorker } from '../../worker/protocol.ts';
import type { App } from '../app.ts';
import { benchOf } from './bench.ts';
import { planOf } from './plan.ts';

const head: Target = { kind: 'head', layer: 0, index: 1 };
const scale = (amount: number, target: Target = head): Edit => ({
  role: 'small',
  target,
  action: 'scale',
  amount,
});
type Asked = Extract<ToWorker, { readonly type: 'ask' }>;

function start() {
  const page = setUp('#v=1&mode=parameters&view=turn');
  const bench = benchOf(page as unknown as App);
  const edits = () => page.state().experiment.dials.edits;
  const asked = () => page.sent.filter((one): one is Asked => one.type === 'ask');
  const about = (what: string) => asked().filter(({ ask }) => ask.what === what);
  const tell = async (one: Asked, reply: object) => {
    page.say({
      type: 'told',
      request: one.request,
      reply: { what: one.ask.what, ...reply } as never,
    });
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { page, bench, edits, about, tell };
}
const next = (divergence: number): Next => ({
  prompt: [],
  top: [],
  divergence,
  touched: 0,
  failures: [],
  ms: 1,
});

test('a dial that is turned further replaces its edit; another is another; undo, redo and reset', () => {
  const { bench, edits, page } = start();
  for (const amount of [0.9, 0.5, 0]) bench.turn(scale(amount));
  expect(edits()).toEqual([scale(0)]);
  const other: Target = { kind: 'layer', layer: 1 };
  bench.turn(scale(2, other));
  expect(edits()).toHaveLength(2);
  bench.undo();
  expect(edits()).toEqual([scale(0)]);
  bench.redo();
  expect(edits()).toEqual([scale(0), scale(2, other)]);
  bench.setDials({ smallBits: 4 });
  bench.resetAll();
  expect(edits()).toEqual([]);
  expect(page.state().experiment.dials.smallBits).toBe(32);
  bench.redo();
  expect(edits()).toEqual([scale(0)]);
  bench.undo();
  bench.turn(scale(3));
  expect(bench.store.getState().undone).toEqual([]);
});

test('edits of one model are none of the other, and all of them are in the link', async () => {
  const { bench, page } = start();
  bench.turn(scale(0));
  bench.turn({ ...scale(2), role: 'large' });
  const { experiment } = page.state();
  expect(planOf(experiment, 'large').edits).toEqual([{ ...scale(2), role: 'large' }]);
  await page.actions.share();
  const { experiment: opened, problems } = decode(page.address.copied.replace(/^[^#]*/, ''));
  expect(problems).toEqual([]);
  expect(opened.dials).toEqual(experiment.dials);
});

test('the newest dial wins: what was asked before it is not shown', async () => {
  const { bench, about, tell } = start();
  const [first] = about('next');
  bench.turn(scale(0));
  bench.turn(scale(2));
  await tell(first!, next(1));
  expect(bench.store.getState().next).toBeUndefined();
  const second = about('next').at(-1)!;
  expect(about('next')).toHaveLength(2);
  expect(second.model.plan.edits).toEqual([scale(2)]);
  await tell(second, next(7));
  expect(bench.store.getState().next?.divergence).toBe(7);
  // Text and answers follow, in pieces, until the dial moves again.
  const [writing] = about('write');
  await tell(writing!, {
    untouched: [1],
    turned: [2],
    untouchedText: 'a',
    turnedText: 'b',
    done: true,
  });
  expect(bench.store.getState().writing?.turnedText).toBe('b');
  expect(about('answers')).toHaveLength(1);
});

test('what cannot be answered is said once, and the next dial is asked about', async () => {
  const { bench, page, about } = start();
  const failure = { code: 'onnx', message: 'No.', remedy: 'Another.' } as const;
  page.say({ type: 'refused', request: about('next')[0]!.request, failure });
  await new Promise((resolve) => setTimeout(resolve));
  expect(bench.store.getState().nextFailure).toEqual(failure);
  expect(about('next')).toHaveLength(1);
  bench.turn(scale(0));
  expect(about('next')).toHaveLength(2);
});

test('training here leaves the place and its settings as they are', () => {
  const { bench, page } = start();
  bench.pin({ role: 'small', tensor: 'wte.weight', index: 3 });
  const before = page.state().experiment;
  bench.train('small', 7);
  expect(page.state().experiment).toEqual(before);
  const begun = page.sent.find((one) => one.type === 'start');
  expect(begun?.type === 'start' && begun.experiment).toMatchObject({
    mode: 'train',
    method: 'sft',
    small: before.small,
    params: { model: 'small', steps: 7 },
    dials: { pins: [{ tensor: 'wte.weight' }] },
  });
});
