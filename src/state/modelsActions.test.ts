// The place for checkpoints without a browser: what was dropped waits until it is whole, nothing is lost by a bad drop,
// and no way to a server is opened before an address was typed that can be one.
import { expect, it } from 'vitest';
import { setUp } from '../../test/support/fakePage.ts';
import type { Candidate, DroppedFile } from '../core/dropped.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import type { Errand } from '../worker/protocol.ts';
import { modelsActions } from './modelsActions.ts';

function place() {
  const doors: { base: string; open: boolean }[] = [];
  const page = setUp('', {
    openDoor(base) {
      const door = { base, open: true };
      doors.push(door);
      const close = () => {
        door.open = false;
      };
      return { port: Promise.resolve(new MessageChannel().port2), close };
    },
  });
  const actions = modelsActions(page);
  const sentOf = <T extends Errand['type']>(type: T) =>
    page.sent.filter((one): one is Extract<Errand, { type: T }> => one.type === type);
  const models = () => page.state().models;
  return { ...page, models, doors, does: actions, sentOf };
}
const dropped = (path: string): DroppedFile => ({ path, file: new Blob(['x']) });
const candidate = (files: readonly DroppedFile[], more: Partial<Candidate> = {}): Candidate => ({
  folder: '',
  name: 'mine',
  files: files.map(({ path }) => ({ path, bytes: 1, role: 'model', says: 'ONNX model' })),
  variants: [{ path: files[0]!.path, type: 'float32', bytes: 1, data: [], missing: [] }],
  missing: [],
  needsTokenizer: false,
  needsContext: false,
  ...more,
});
const checkpoint = { id: `local:${'a'.repeat(64)}:mine`, name: 'mine' } as KeptCheckpoint;
const soon = () => new Promise((resolve) => setTimeout(resolve, 0));

it('what is missing can be dropped later: files join those on the tray', () => {
  const { does, sentOf, say, models, state } = place();
  const [first, second] = [dropped('tokenizer.json'), dropped('model.onnx')];
  does.take([first]);
  expect(state().elsewhere).toBe('models');
  const incomplete = candidate([first], { variants: [], missing: ['drop model.onnx too'] });
  say({ type: 'looked', request: sentOf('look')[0]!.request, candidates: [incomplete] });
  does.take([second]);
  expect(sentOf('look')[1]?.files).toEqual([first, second]);
  // An answer that comes too late changes nothing.
  say({ type: 'looked', request: sentOf('look')[0]!.request, candidates: [] });
  expect(models().tray?.candidates).toBeUndefined();
});

it('a candidate is kept, leaves the tray, and its card is opened', () => {
  const { does, sentOf, say, models } = place();
  const files = [dropped('model.onnx')];
  const one = candidate(files);
  does.take(files);
  say({ type: 'looked', request: sentOf('look')[0]!.request, candidates: [one] });
  does.keep(one, { name: 'better', variant: 'model.onnx' });
  const { request } = sentOf('keepFiles')[0]!;
  say({ type: 'errand', request, loaded: 1, total: 4 });
  expect(models().keeping['']).toEqual({ request, done: 0.25 });
  say({ type: 'checkpointKept', request, checkpoint });
  expect(models()).toMatchObject({ keeping: {}, card: { id: checkpoint.id, state: 'reading' } });
  expect(models().tray).toBeUndefined();
});

it('what is refused stays on the tray with its reason, and the experiment is as it was', () => {
  const { does, sentOf, say, models, state } = place();
  const before = state().experiment;
  const files = [dropped('model.onnx')];
  const one = candidate(files);
  does.take(files);
  say({ type: 'looked', request: sentOf('look')[0]!.request, candidates: [one] });
  does.keep(one, { name: 'mine', variant: 'model.onnx' });
  const failure = {
    code: 'checkpoint',
    message: 'It was moved.',
    remedy: 'Drop it again.',
  } as const;
  say({ type: 'refused', request: sentOf('keepFiles')[0]!.request, failure });
  expect(models()).toMatchObject({ keeping: {}, failures: { '': failure }, tray: { files } });
  expect(state().experiment).toBe(before);
});

it('a cancel is passed on, and ends the waiting', () => {
  const { does, sentOf, say, sent, models, state } = place();
  const files = [dropped('model.onnx')];
  const one = candidate(files);
  does.take(files);
  say({ type: 'looked', request: sentOf('look')[0]!.request, candidates: [one] });
  does.keep(one, { name: 'mine', variant: 'model.onnx' });
  const { request } = sentOf('keepFiles')[0]!;
  does.cancel(request);
  expect(sent.at(-1)).toEqual({ type: 'cancel', of: request });
  say({ type: 'cancelled', request });
  expect(models().keeping).toEqual({});
  expect(state().waiting).toEqual({});
});

it('an address that cannot be one opens nothing', async () => {
  const { does, doors, sent, models } = place();
  const before = sent.length;
  for (const typed of ['', 'a b', 'http://example.org/a/b', 'https://u:p@example.org/a/b']) {
    await does.list(typed);
    expect(models().hubFailure?.remedy).toContain('org/name');
  }
  expect(doors).toEqual([]);
  expect(sent.length).toBe(before);
});

it('the door is open while something is asked for, and what was fetched whole is kept by itself', async () => {
  const { does, doors, sentOf, say, models } = place();
  await does.list('org/tiny@v1');
  expect(doors).toEqual([{ base: 'https://huggingface.co', open: true }]);
  const files = [{ path: 'model.onnx', bytes: 1 }];
  say({ type: 'hubListed', request: sentOf('listHub')[0]!.request, files });
  expect(doors[0]?.open).toBe(false);
  const { hub } = models();
  if (hub?.state !== 'listed') throw new Error('not listed');
  await does.fetchFiles(hub.address, files);
  expect(doors[1]?.open).toBe(true);
  const got = [dropped('tiny/model.onnx')];
  say({ type: 'fetched', request: sentOf('fetchHub')[0]!.request, download: 'd', files: got });
  expect(doors[1]?.open).toBe(false);
  say({ type: 'looked', request: sentOf('look')[0]!.request, candidates: [candidate(got)] });
  await soon();
  expect(sentOf('keepFiles')[0]).toMatchObject({
    download: 'd',
    choice: { name: 'mine', source: 'org/tiny@v1' },
  });
});
