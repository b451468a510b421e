import { describe, expect, test } from 'vitest';
import { defaultsOf } from '../core/params.ts';
import { methods } from '../experiment/catalogue.ts';
import { defaultExperiment, type Experiment } from '../experiment/experiment.ts';
import { describeExperiment, plainSymbol } from './describe.ts';
import { stepsOf, whatToLookAt } from './explanation.ts';

const bild = (params: Record<string, number>): Experiment => ({
  ...defaultExperiment,
  params: { ...defaultExperiment.params, ...params },
});
const formulas = (experiment: Experiment) => stepsOf(experiment).map((step) => step.tex);

describe('the explanation', () => {
  test('carries the thresholds as they are set, and what they mean as a probability', () => {
    const [first, second] = formulas(defaultExperiment);
    expect(first).toContain('\\alpha_{FB} = 60.0\\,\\%');
    expect(second).toContain('\\alpha_{RB} = 2 \\;\\Leftrightarrow\\; p < 13.5\\,\\%');
    expect(formulas(bild({ rollbackThreshold: 0 }))[1]).toContain('p < 100\\,\\%');
  });

  test('says when a setting makes it the large model alone', () => {
    expect(stepsOf(bild({ fallbackThreshold: 1.05 }))[0]?.text).toContain('never writes');
    expect(stepsOf(bild({ rollbackThreshold: 0.6 }))[2]?.text).toContain('exactly');
    expect(stepsOf(bild({ rollbackThreshold: 0.7 }))[2]?.text).not.toContain('exactly');
  });

  test('every method in every mode says where to look and what is set', () => {
    for (const method of Object.keys(methods) as Experiment['method'][]) {
      for (const mode of ['generate', 'evaluate'] as const) {
        const params = defaultsOf(methods[method].params);
        const experiment: Experiment = { ...defaultExperiment, mode, method, params };
        expect(whatToLookAt(experiment)).toMatch(/^[A-Z].*\.$/);
        expect(describeExperiment(experiment)).not.toMatch(/undefined|\\/);
      }
    }
  });

  test('symbols can be written without a formula', () =>
    expect(plainSymbol('\\alpha_{FB}')).toBe('α_FB'));
});
