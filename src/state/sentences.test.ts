import { describe, expect, test } from 'vitest';
import { recordedRun } from '../../test/support/recordedRun.ts';
import { defaultsOf } from '../core/params.ts';
import { methods, methodsOf } from '../experiment/catalogue.ts';
import { defaultExperiment } from '../experiment/experiment.ts';
import { bytes, duration, parameterCount, percent, quantity, THIN, visible } from './format.ts';
import type { Run } from './run.ts';
import { explain, explainHandOver } from './sentences.ts';
import { streamOf } from './tokenStream.ts';

const plain = (text: string) => text.replaceAll(THIN, ' ');

function explained(run: Run): void {
  const stream = streamOf(run);
  expect(stream.cells.length).toBeGreaterThan(0);
  for (const cell of stream.cells) {
    const text = explain(stream, cell, run.experiment);
    expect(text).toMatch(/^[A-Z].*\.$/);
    expect(text).not.toMatch(/undefined|NaN|Infinity/);
  }
}

describe('why', () => {
  test('a hand-over says how sure small was and what the threshold is', () => {
    const handOver = {
      kind: 'handOver' as const,
      at: 9,
      why: 'fallback' as const,
      proposal: { token: 3, prob: 0.413, text: 't' },
      pending: 4,
      accepted: 2,
    };
    expect(plain(explainHandOver(handOver, defaultExperiment))).toBe(
      'Hand-over: small was 41 % sure of “t”, threshold 60 %. The large model read the 4 drafted tokens in one pass, let 2 stand, struck out 2 and wrote one of its own.',
    );
  });

  test('every cell of every run has a sentence without holes', async () => {
    for (let models = 1; models <= 30; models++) {
      for (const experiment of [
        {},
        { params: { fallbackThreshold: 0, rollbackThreshold: 0.1, maxDraft: 3 } },
        {
          method: 'sample' as const,
          params: { model: 'small', temperature: 1, topK: 0, topP: 1, minP: 0 },
        },
      ]) {
        explained(await recordedRun({ models, experiment }));
      }
    }
  });

  test.each(methodsOf('generate'))('every cell of %s has one, on a few runs', async (method) => {
    for (let models = 1; models <= 5; models++) {
      const usual = defaultsOf(methods[method].params);
      explained(await recordedRun({ models, experiment: { method, params: usual } }));
      if (usual.temperature === undefined) continue;
      const params = { ...usual, temperature: usual.temperature === 0 ? 1 : 0.5 };
      explained(await recordedRun({ models, experiment: { method, params } }));
    }
  });

  test('a fused token says how far large was moved, and where the range ended', () => {
    const cell = {
      kind: 'token' as const,
      at: 3,
      token: 1,
      text: 'a',
      by: 'fused' as const,
      prob: 0.5,
      state: 'accepted' as const,
      fusion: {
        type: 'fusion' as const,
        at: 3,
        alphas: [2],
        loss: 0.1,
        moved: { there: 0.25, back: 0.3 },
        wanted: [{ there: 0.5, back: 0.6 }],
        edge: 'high' as const,
      },
    };
    const experiment = { ...defaultExperiment, method: 'dynamicFusion' as const, params: {} };
    const stream = { prompt: [], maxTokens: 9, cells: [cell] };
    expect(plain(explain(stream, cell, experiment))).toBe(
      'All models together drew it: p = 50 %. Large was moved by α = 2.00, the largest strength allowed: 0.25 nats away from itself, where the expert is 0.50 nats from small.',
    );
  });
});

describe('numbers', () => {
  test('only certainty is 100 %, only never is 0 %', () => {
    expect([0, 0.0004, 0.034, 0.413, 0.999, 1].map((p) => plain(percent(p)))).toEqual([
      '0 %',
      '<0.1 %',
      '3.4 %',
      '41 %',
      '>99 %',
      '100 %',
    ]);
  });

  test('quantities have few digits and units', () => {
    expect([3, 3.149, 31.4159, 314.159, 12345.6].map(quantity).map(plain)).toEqual([
      '3',
      '3.15',
      '31.4',
      '314',
      '12 346',
    ]);
    expect([12, 3_427_464, 529_708].map(bytes).map(plain)).toEqual(['12 B', '3.4 MB', '530 kB']);
    expect([0.5, 1500, 61_000].map(duration).map(plain)).toEqual(['0.50 ms', '1.5 s', '1 min 1 s']);
    expect([126_592, 846_336, 1.2e9].map(parameterCount).map(plain)).toEqual([
      '127 k',
      '846 k',
      '1.2 G',
    ]);
  });

  test('blanks in tokens can be seen', () => expect(visible(' a\n')).toBe('␣a↵'));
});
