// A training's charts are functions of its events.

import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../core/events.ts';
import type { TrainEvent } from '../core/trainEvents.ts';
import { defaultExperiment } from '../experiment/experiment.ts';
import { newRun, type Run } from './run.ts';
import { training } from './training.ts';

const experiment = { ...defaultExperiment, mode: 'train', method: 'sft', problems: 10 } as const;
const train = (event: TrainEvent, gradients = 0, evaluation = 0): RunEvent => ({
  type: 'train',
  event,
  ms: gradients + evaluation,
  times: { data: 0, gradients, update: 0, evaluation },
});
const started: TrainEvent = {
  type: 'started',
  steps: 4,
  done: 0,
  parameters: 100,
  batch: 8,
  heldOut: 64,
};
const step = (number: number, loss: number): RunEvent =>
  train(
    { type: 'step', step: number, loss, tokens: 10, read: 20, learningRate: 0.1, gradNorm: 1 },
    100,
  );
const runOf = (...events: RunEvent[]): Run => ({ ...newRun(1, experiment, false), events });

describe('points', () => {
  test('one per step; the smooth loss of a constant loss is that loss', () => {
    const { points } = training(runOf(train(started), step(1, 2), step(2, 2), step(3, 2)));
    expect(points.map((point) => point.step)).toEqual([1, 2, 3]);
    for (const { smooth } of points) expect(Math.abs(smooth - 2)).toBeLessThan(1e-12);
  });

  test('the smooth loss lies between the losses and follows them', () => {
    const { points } = training(runOf(train(started), step(1, 4), step(2, 0), step(3, 0)));
    const smooth = points.map((point) => point.smooth);
    expect(smooth[0]).toBe(4);
    expect(smooth[1]).toBeLessThan(4);
    expect(smooth[2]).toBeLessThan(smooth[1] as number);
    expect(smooth[2]).toBeGreaterThan(0);
  });

  test('an evaluation has its interval, and the samples of each prompt stay together', () => {
    const sample = (number: number, text: string): RunEvent => ({
      type: 'sample',
      step: number,
      index: 0,
      prompt: 'say 7: ',
      expected: 'seven.',
      text,
      correct: text === 'seven.',
    });
    const { evaluations, samples } = training(
      runOf(
        train(started),
        step(1, 2),
        sample(1, 'sev'),
        train({ type: 'evaluated', step: 1, scores: { loss: 1.5, accuracy: 0.5 } }, 0, 50),
        step(2, 1),
        sample(2, 'seven.'),
        train({ type: 'evaluated', step: 2, scores: { loss: 1, accuracy: 1 } }, 0, 50),
      ),
    );
    expect(evaluations.map(({ accuracy }) => accuracy)).toEqual([0.5, 1]);
    for (const { accuracy, interval } of evaluations) {
      expect(interval[0]).toBeLessThanOrEqual(accuracy + 1e-12);
      expect(interval[1]).toBeGreaterThanOrEqual(accuracy - 1e-12);
    }
    expect(samples).toHaveLength(1);
    expect(samples[0]?.written.map(({ text }) => text)).toEqual(['sev', 'seven.']);
  });
});

describe('time', () => {
  test('is added up by kind; speed leaves evaluations out, what is left does not', () => {
    const state = training(
      runOf(
        train(started),
        step(1, 2),
        train({ type: 'evaluated', step: 1, scores: { loss: 1, accuracy: 0 } }, 0, 100),
        step(2, 2),
      ),
    );
    expect(state.times).toEqual({ data: 0, gradients: 200, update: 0, evaluation: 100 });
    expect(state.tokensPerSecond).toBe(200);
    expect(state.msLeft).toBe(300);
  });

  test('before the first step there is no speed, and after the last nothing is left', () => {
    expect(training(runOf(train(started))).tokensPerSecond).toBeUndefined();
    const all = [1, 2, 3, 4].map((number) => step(number, 1));
    expect(training(runOf(train(started), ...all)).msLeft).toBeUndefined();
  });

  test('numbers that run away are told of', () => {
    const { diverged } = training(
      runOf(train(started), step(1, 2), train({ type: 'diverged', step: 2, what: 'loss' })),
    );
    expect(diverged).toEqual({ step: 2, what: 'loss' });
  });
});
