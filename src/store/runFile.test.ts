// What is exported comes back to the same charts, and what was tampered with is refused by line.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { experimentOf, record } from '../../test/support/recordedRun.ts';
import { UserError } from '../core/errors.ts';
import type { RunEvent } from '../core/events.ts';
import type { RunRecord } from '../core/runRecord.ts';
import { encode } from '../experiment/link.ts';
import { readRuns, writeRun } from './runFile.ts';
import { runEvents } from './runSchema.ts';

const recordOf = (events: readonly RunEvent[], changes: Partial<RunRecord> = {}): RunRecord => ({
  name: 'one',
  recipe: encode(experimentOf()),
  outcome: 'completed',
  started: 1_790_000_000_000,
  place: { provider: 'wasm', kernels: 'cpu', adapter: 'a card', build: '0.1.0 abc' },
  events,
  ...changes,
});
const complaint = async (text: string): Promise<UserError> => {
  try {
    await readRuns(text, 'f.jsonl');
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was wrong');
};

describe('a run’s file', () => {
  test('of a real run comes back event by event', async () => {
    for (const mode of ['generate', 'evaluate'] as const) {
      const experiment = { mode, problems: 3 };
      const one = recordOf(await record({ experiment }), {
        recipe: encode(experimentOf(experiment)),
      });
      expect(one.events.length).toBeGreaterThan(5);
      expect(await readRuns(writeRun(one), 'f')).toEqual([one]);
    }
  });

  test('of whatever trainings come to: no number is lost, finite or not', async () => {
    // JSON has no negative zero.
    const numbers = fc.double().map((value) => value + 0);
    const steps = fc.array(
      fc.record({ loss: numbers, learningRate: numbers, gradNorm: numbers, ms: numbers }),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(steps, fc.string({ unit: 'grapheme' }), async (list, message) => {
        const events: RunEvent[] = list.map(({ ms, ...rest }, i) => ({
          type: 'train',
          ms,
          times: { data: ms, gradients: 0, update: 0, evaluation: 0 },
          event: { type: 'step', step: i + 1, tokens: 3, read: 9, ...rest },
        }));
        events.push({ type: 'failed', failure: { code: 'gpu', message, remedy: '' } });
        const one = recordOf(events, { outcome: 'failed' });
        const [again] = await readRuns(writeRun(one), 'f');
        expect(again).toEqual(one);
      }),
      { numRuns: 60 },
    );
  });

  test('may hold several, and is read wherever its lines end', async () => {
    const events = await record();
    const both = [recordOf(events), recordOf([], { name: 'two', outcome: 'stopped' })];
    const text = both.map(writeRun).join('\r\n');
    expect(await readRuns(`\ufeff${text.replaceAll('\n', '\r\n')}`, 'f')).toEqual(both);
  });

  test('written again is the same file: what is known by content stays the same', async () => {
    const text = writeRun(recordOf(await record()));
    const [once] = await readRuns(text, 'f');
    const canonical = writeRun(once as RunRecord);
    const [twice] = await readRuns(canonical, 'f');
    expect(writeRun(twice as RunRecord)).toBe(canonical);
  });
});

describe('what is not one', () => {
  const good = async () => writeRun(recordOf(await record())).split('\n');

  test.each([
    ['', /f\.jsonl is empty/],
    ['  \n\n', /is empty/],
    ['hello', /^Line 1 of f\.jsonl is not JSON/],
    ['{"prompt": "say 7: ", "completion": "seven."}', /^Line 1 of f\.jsonl is not the beginning/],
    ['[1]', /is not the beginning/],
    ['null', /is not the beginning/],
    ['{"type":"completed"}', /is an event, where a run should begin/],
    ['{"tandem":"run"}', /says version no version; this page reads version 1/],
    ['{"tandem":"run","version":7}', /says version 7/],
    ['{"tandem":"run","version":1}', /has “name” that cannot be: undefined/],
  ])('%j is refused with what it is', async (text, message) => {
    const error = await complaint(text);
    expect(error.message).toMatch(message);
    expect(error.code).toBe('run');
    expect(error.remedy).not.toBe('');
  });

  test('a line is named where it stands, blank lines counted', async () => {
    const lines = await good();
    lines.splice(1, 0, '', '');
    lines[5] = '{"type":"decode","ms":1,"event":{"type":"token","at":"x"}}';
    expect((await complaint(lines.join('\n'))).message).toMatch(
      /^Line 6 of f\.jsonl has “event\.at”/,
    );
    lines[5] = '{"type":"fireworks"}';
    expect((await complaint(lines.join('\n'))).message).toMatch(
      /^Line 6 .* no event that this page/,
    );
    lines[5] = '{"type":"constructor"}';
    expect((await complaint(lines.join('\n'))).message).toMatch(
      /^Line 6 .* no event that this page/,
    );
  });

  test('a file that was cut says how much of it is there', async () => {
    const lines = await good();
    expect((await complaint(lines.slice(0, 4).join('\n'))).message).toMatch(/ends after 3 of \d+/);
  });

  test('tokens in mid-air and experiments from elsewhere are refused', async () => {
    const token = (at: number): RunEvent => ({
      type: 'decode',
      ms: 1,
      event: { type: 'token', at, token: 1, by: 'small', prob: 1 },
    });
    const prompt: RunEvent = { type: 'prompt', pieces: [{ id: 1, text: 'a' }], maxTokens: 5 };
    const back = (at: number): RunEvent => ({
      type: 'decode',
      ms: 1,
      event: { type: 'rollback', at, removed: [1] },
    });
    const wrong = async (...events: RunEvent[]) =>
      (await complaint(writeRun(recordOf(events)))).message;
    expect(await wrong(token(0))).toMatch(/^Line 2 of f\.jsonl writes before there is a prompt/);
    expect(await wrong(prompt, token(1), token(3))).toMatch(
      /^Line 4 .* writes token 3 of a text of 2/,
    );
    expect(await wrong(prompt, token(1), back(0))).toMatch(
      /^Line 4 .* strikes out 1 tokens from 0/,
    );
    expect(await wrong(prompt, token(1), back(2))).toMatch(/^Line 4 /);
    const strange = writeRun(recordOf([], { recipe: '#v=1&maxDraft=99' }));
    expect((await complaint(strange)).message).toMatch(/^Line 1 .*cannot repeat: maxDraft=99/);
  });

  test('nothing of a file comes in but what is known', async () => {
    const lines = await good();
    const poisoned = JSON.parse(lines[0] as string);
    lines[0] = JSON.stringify(poisoned).replace('{', '{"__proto__":{"polluted":1},"extra":1,');
    const [run] = await readRuns(lines.join('\n'), 'f');
    expect(Object.keys(run as RunRecord)).not.toContain('extra');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('any text ends in a sentence, quickly', async () => {
    const line = fc.oneof(fc.string({ unit: 'binary' }), fc.json());
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 5 }), async (lines) => {
        const error = await complaint(lines.join('\n'));
        expect(error.message.length).toBeLessThan(400);
      }),
      { numRuns: 40 },
    );
  });

  test('every event has a schema that knows its type', () => {
    for (const [type, schema] of Object.entries(runEvents)) {
      expect(schema.entries.type.literal).toBe(type);
    }
  });
});
