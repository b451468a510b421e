// The link is read by strangers' browsers from strangers' hands: it must say the same thing for ever, and
// nothing in it may do harm.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultsOf, type ParamSpec, type ParamValue } from '../core/params.ts';
import { checkpoints, methods, taskList } from './catalogue.ts';
import { compareDigest, digestOf } from './digest.ts';
import { defaultExperiment, type Experiment, LIMITS } from './experiment.ts';
import { decode, encode, MAX_LINK } from './link.ts';

const knob = (spec: ParamSpec): fc.Arbitrary<ParamValue> =>
  spec.kind === 'choice'
    ? fc.constantFrom(...spec.options.map((option) => option.value))
    : spec.kind === 'integer'
      ? fc.integer({ min: spec.min, max: spec.max })
      : fc.double({ min: spec.min, max: spec.max, noNaN: true });

const experiments: fc.Arbitrary<Experiment> = fc
  .constantFrom(...(Object.keys(methods) as (keyof typeof methods)[]))
  .chain((method) =>
    fc.record({
      mode: fc.constantFrom('generate' as const, 'evaluate' as const),
      method: fc.constant(method),
      params: fc.record(
        Object.fromEntries(Object.entries(methods[method].params).map(([k, s]) => [k, knob(s)])),
      ),
      small: fc.constantFrom(...Object.keys(checkpoints)),
      large: fc.constantFrom(...Object.keys(checkpoints)),
      task: fc.constantFrom(...(Object.keys(taskList) as (keyof typeof taskList)[])),
      difficulty: fc.integer({ min: 1, max: 9 }),
      prompt: fc.string({ unit: 'grapheme', maxLength: 300 }),
      maxTokens: fc.integer(LIMITS.maxTokens),
      problems: fc.integer(LIMITS.problems),
      seed: fc.integer(LIMITS.seed),
      provider: fc.constantFrom('auto' as const, 'wasm' as const, 'webgpu' as const),
      kernels: fc.constantFrom('auto' as const, 'cpu' as const, 'webgpu' as const),
    }),
  );

describe('link', () => {
  test('what is written is read back, whatever the experiment', () => {
    fc.assert(
      fc.property(experiments, (experiment) => {
        expect(decode(encode(experiment))).toEqual({ experiment, problems: [] });
      }),
      { numRuns: 500 },
    );
  });

  test('every knob is written, also those at their default', () => {
    const pairs = new URLSearchParams(encode(defaultExperiment).slice(1));
    const { params, ...plain } = defaultExperiment;
    expect([...pairs.keys()].sort()).toEqual(
      ['v', ...Object.keys(params), ...Object.keys(plain)].sort(),
    );
  });

  test('a link of version 1 keeps its meaning for ever', () => {
    const kept =
      '#v=1&mode=evaluate&method=bild&fallbackThreshold=0.9&rollbackThreshold=3&maxDraft=8' +
      '&small=tiny-small&large=tiny-large&task=numberWords&difficulty=7&prompt=say+42%3A+' +
      '&maxTokens=90&problems=50&seed=7&provider=wasm&kernels=cpu&digest=Ab-_9';
    expect(decode(kept)).toEqual({
      experiment: {
        mode: 'evaluate',
        method: 'bild',
        params: { fallbackThreshold: 0.9, rollbackThreshold: 3, maxDraft: 8 },
        small: 'tiny-small',
        large: 'tiny-large',
        task: 'numberWords',
        difficulty: 7,
        prompt: 'say 42: ',
        maxTokens: 90,
        problems: 50,
        seed: 7,
        provider: 'wasm',
        kernels: 'cpu',
      },
      problems: [],
      digest: 'Ab-_9',
    });
  });

  test('what cannot be read falls back and is named', () => {
    const { experiment, problems } = decode(
      '#v=1&mode=fly&method=bild&maxDraft=1.5&fallbackThreshold=NaN&rollbackThreshold=1e309&seed=-1&colour=red&seed=2&digest=<b>',
    );
    expect(experiment).toEqual(defaultExperiment);
    expect(problems).toEqual([
      'seed: given twice; the first counts.',
      'mode=fly: expected one of generate, evaluate; using generate.',
      'fallbackThreshold=NaN: expected a number in [0, 1.05]; using 0.6.',
      'rollbackThreshold=1e309: expected a number in [0, 20]; using 2.',
      'maxDraft=1.5: expected an integer in [1, 12]; using 10.',
      'seed=-1: expected an integer in [0, 4294967295]; using 1.',
      'digest: not a digest of tokens; ignored.',
      'colour: no such setting; ignored.',
    ]);
  });

  test.each(['v=0', 'v=2', 'v=x', 'v=1e0', 'v=99999999999'])('%s is no version', (version) => {
    expect(decode(`#${version}&seed=3`).problems[0]).toMatch(/expected a version|^v=/);
    expect(decode(`#${version}&seed=3`).experiment.seed).toBe(3);
  });

  test('foreign keys and values pollute nothing', () => {
    for (const key of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      const { experiment, problems } = decode(
        `#v=1&${key}=1&method=${key}&task=${key}&small=${key}`,
      );
      expect(experiment).toEqual(defaultExperiment);
      expect(problems).toHaveLength(4);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    }
  });

  test('text of any kind never throws, and stays within its limits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const { experiment } = decode(text);
        expect(experiment.prompt.length).toBeLessThanOrEqual(LIMITS.prompt.max);
        expect(decode(encode(experiment)).experiment).toEqual(experiment);
      }),
      { numRuns: 1000 },
    );
    for (const length of [0, 1, 2000, 8192, MAX_LINK, MAX_LINK + 1, 65_536, 2_097_153]) {
      const started = performance.now();
      const { problems } = decode(`prompt=${'%41'.repeat(length)}`.slice(0, length));
      expect(performance.now() - started).toBeLessThan(250);
      if (length > MAX_LINK) expect(problems[0]).toContain(`at most ${MAX_LINK}`);
    }
  });

  test('a link cut anywhere still opens', () => {
    const link = encode({ ...defaultExperiment, prompt: 'say 4: €𝄞' });
    for (let cut = 0; cut <= link.length; cut++) decode(link.slice(0, cut));
  });

  test('what is shown of foreign text has no control or direction-changing characters', () => {
    const { problems } = decode('#v=1&mode=%E2%80%AEevil%00%1B&%E2%80%AEkey=1');
    expect(problems.join()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('digest', () => {
  const tokens = fc.array(fc.nat(151_935), { maxLength: 300 });

  test('the same tokens have the same digest, which the link carries', () => {
    fc.assert(
      fc.property(tokens, (list) => {
        const digest = digestOf(list);
        expect(compareDigest(digest, [...list])).toEqual({ same: true });
        if (list.length) expect(decode(encode(defaultExperiment, digest)).digest).toBe(digest);
      }),
    );
  });

  test('a changed token is found at its place in all but a few cases, and always found', () => {
    let early = 0;
    const list = Array.from({ length: 200 }, (_, i) => (i * 37) % 79);
    const digest = digestOf(list);
    for (let at = 0; at < 190; at++) {
      const verdict = compareDigest(digest, list.with(at, 78));
      if (list[at] === 78) continue;
      expect(verdict.same).toBe(false);
      if (!verdict.same) {
        expect(verdict.at).toBeGreaterThanOrEqual(at);
        if (verdict.at === at) early++;
      }
    }
    expect(early).toBeGreaterThan(170);
  });

  test('a shorter or longer text differs where the other ends', () => {
    expect(compareDigest(digestOf([1, 2, 3]), [1, 2])).toEqual({ same: false, at: 2 });
    expect(compareDigest(digestOf([1, 2]), [1, 2, 3])).toEqual({ same: false, at: 2 });
  });

  test('defaults of every method are inside their own range', () => {
    for (const method of Object.values(methods)) {
      const link = encode({ ...defaultExperiment, params: defaultsOf(method.params) });
      expect(link.length).toBeLessThan(500);
    }
  });
});
