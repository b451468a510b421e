import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { record, recordedRun, runWith } from '../../test/support/recordedRun.ts';
import type { RunEvent } from '../core/events.ts';
import { generatedOf } from './run.ts';
import {
  prefixOf,
  standing,
  streamOf,
  type TokenCell,
  type TokenStream,
  textOf,
  tokenStream,
} from './tokenStream.ts';

const recordings = fc.record({
  models: fc.nat(1e6),
  agreement: fc.double({ min: 0, max: 1, noNaN: true }),
  experiment: fc.record({
    params: fc.record({
      fallbackThreshold: fc.double({ min: 0, max: 1.05, noNaN: true }),
      rollbackThreshold: fc.double({ min: 0, max: 6, noNaN: true }),
      maxDraft: fc.integer({ min: 1, max: 12 }),
    }),
  }),
});
const tokens = (stream: TokenStream): TokenCell[] =>
  stream.cells.filter((cell): cell is TokenCell => cell.kind === 'token');

describe('the token stream of BiLD', () => {
  test('what stands in the end is what was generated', () =>
    fc.assert(
      fc.asyncProperty(recordings, async (recording) => {
        const run = await recordedRun(recording);
        const stream = streamOf(run);
        expect(standing(stream).map((cell) => cell.token)).toEqual(generatedOf(run)?.tokens);
        expect(textOf(stream)).toBe(generatedOf(run)?.text);
        expect(standing(stream).map((cell) => cell.at)).toEqual(
          standing(stream).map((_, i) => stream.prompt.length + i),
        );
        expect(stream.finished).toBe(generatedOf(run)?.reason);
      }),
    ));

  test('every drafted token is judged: it stands or is struck out, and none waits', () =>
    fc.assert(
      fc.asyncProperty(recordings, async (recording) => {
        const run = await recordedRun(recording);
        const drafted = tokens(streamOf(run)).filter((cell) => cell.by === 'small');
        const count = (state: TokenCell['state']) =>
          drafted.filter((cell) => cell.state === state).length;
        const stats = generatedOf(run)?.stats;
        expect(count('pending')).toBe(0);
        expect(count('accepted')).toBe(stats?.accepted);
        expect(count('rolledBack')).toBe(stats?.rolledBack);
        expect(count('accepted') + count('rolledBack')).toBe(stats?.drafted);
        for (const cell of drafted) expect(cell.distance).toBeGreaterThanOrEqual(0);
      }),
    ));

  test('a token of the large model says which hand-over it came by, and what it stands in for', () =>
    fc.assert(
      fc.asyncProperty(recordings, async (recording) => {
        const stream = streamOf(await recordedRun(recording));
        const cuts = tokens(stream).filter((cell) => cell.cut);
        const byLarge = tokens(stream).filter((cell) => cell.by === 'large');
        for (const cell of byLarge) {
          expect(stream.cells[cell.handOver ?? -1]?.kind).toBe('handOver');
        }
        expect(byLarge.flatMap((cell) => cell.replaces ?? [])).toEqual(cuts.map((c) => c.text));
      }),
    ));

  test('the tokens before a cell are what its author had read', () =>
    fc.assert(
      fc.asyncProperty(recordings, async (recording) => {
        const stream = streamOf(await recordedRun(recording));
        const y = stream.prompt.map((piece) => piece.id);
        stream.cells.forEach((cell, index) => {
          y.length = cell.at;
          expect(prefixOf(stream, index)).toEqual(y);
          if (cell.kind === 'token') y.push(cell.token);
        });
      }),
    ));

  test('at every moment of a run the stream is whole: positions follow each other', () =>
    fc.assert(
      fc.asyncProperty(recordings, fc.nat(), async (recording, moment) => {
        const events = await record(recording);
        const stream = tokenStream(events.slice(0, moment % (events.length + 1)), true);
        const places = standing(stream).map((cell) => cell.at - stream.prompt.length);
        expect(places).toEqual(places.map((_, i) => i));
      }),
    ));
});

const prompt: RunEvent = { type: 'prompt', pieces: [{ id: 7, text: 'x' }], maxTokens: 9 };
const small = (at: number, token: number, text: string): RunEvent => ({
  type: 'decode',
  event: { type: 'token', at, token, by: 'small', prob: 0.9 },
  ms: 1,
  text,
});

describe('moment by moment', () => {
  const handOver: RunEvent = {
    type: 'decode',
    event: {
      type: 'handOver',
      at: 3,
      why: 'fallback',
      proposal: { token: 5, prob: 0.41 },
      pending: 2,
    },
    ms: 1,
    text: 'e',
  };
  const verdict: RunEvent = {
    type: 'decode',
    event: { type: 'verdict', at: 1, distances: [0.1, 3], accepted: 1 },
    ms: 1,
  };
  const rollback: RunEvent = {
    type: 'decode',
    event: { type: 'rollback', at: 2, removed: [3] },
    ms: 1,
  };
  const replacement: RunEvent = {
    type: 'decode',
    event: { type: 'token', at: 2, token: 4, by: 'large', prob: 0.8 },
    ms: 1,
    text: 'd',
  };
  const all = [
    prompt,
    small(1, 2, 'b'),
    small(2, 3, 'c'),
    handOver,
    verdict,
    rollback,
    replacement,
  ];
  const states = (count: number) =>
    tokens(tokenStream(all.slice(0, count), true)).map((cell) => cell.state);

  test('a draft waits, is judged, is struck out, is replaced', () => {
    expect(states(3)).toEqual(['pending', 'pending']);
    expect(states(5)).toEqual(['accepted', 'pending']);
    expect(states(6)).toEqual(['accepted', 'rolledBack']);
    expect(states(7)).toEqual(['accepted', 'rolledBack', 'accepted']);
    expect(textOf(tokenStream(all, true))).toBe('bd');
  });

  test('the hand-over carries what the small model would have said', () => {
    const { cells } = tokenStream(all, true);
    expect(cells[2]).toMatchObject({
      kind: 'handOver',
      proposal: { token: 5, prob: 0.41, text: 'e' },
      pending: 2,
      accepted: 1,
    });
    expect(cells[3]).toMatchObject({ replaces: 'c', handOver: 2 });
  });

  test('one model alone drafts nothing: its tokens stand at once', () => {
    expect(tokens(tokenStream(all.slice(0, 3), false)).map((cell) => cell.state)).toEqual([
      'accepted',
      'accepted',
    ]);
  });

  test('another prompt begins another stream', () => {
    expect(tokenStream([...all, prompt], true).cells).toEqual([]);
  });

  test('before anything has happened there is an empty stream', () => {
    expect(streamOf(runWith([]))).toMatchObject({ prompt: [], cells: [] });
  });
});
