// The link is read by strangers' browsers from strangers' hands: it must say the same thing for ever, and
// nothing in it may do harm.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { experiments } from '../../test/support/anyExperiment.ts';
import { defaultDials } from '../core/dials.ts';
import { defaultsOf } from '../core/params.ts';
import { ROLES } from '../core/roles.ts';
import { defaultCast } from './cast.ts';
import { checkpoints, defaultMethodOf, methods, methodsOf, modes, rolesIn } from './catalogue.ts';
import { defaultExperiment, LIMITS, usualSweep } from './experiment.ts';
import { decode, encode, MAX_LINK } from './link.ts';
import { localId } from './names.ts';
import { recast } from './recast.ts';
import { usualStudy } from './study.ts';

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
    const {
      params,
      contenders: _,
      sweep: __,
      dials: ___,
      study: ____,
      ...plain
    } = defaultExperiment;
    const absent = ROLES.filter((role) => !rolesIn(defaultExperiment).includes(role));
    expect([...pairs.keys(), ...absent].sort()).toEqual(
      ['v', ...Object.keys(params), ...Object.keys(plain)].sort(),
    );
  });

  test('a link of version 1 keeps its meaning for ever', () => {
    const kept =
      '#v=1&mode=evaluate&method=bild&fallbackThreshold=0.9&rollbackThreshold=3&maxDraft=8' +
      '&small=base-small&large=large-tuned&task=numberWords&difficulty=7&prompt=say+42%3A+' +
      '&maxTokens=90&problems=50&seed=7&provider=wasm&kernels=cpu&digest=Ab-_9';
    expect(decode(kept)).toEqual({
      experiment: {
        ...defaultCast('bild', 'numberWords'),
        mode: 'evaluate',
        method: 'bild',
        params: defaultsOf(methods.bild.params),
        contenders: [
          {
            label: '',
            method: 'bild',
            params: { fallbackThreshold: 0.9, rollbackThreshold: 3, maxDraft: 8 },
          },
        ],
        sweep: usualSweep('bild'),
        study: usualStudy,
        dials: defaultDials,
        small: 'base-small',
        large: 'large-tuned',
        data: 'task',
        task: 'numberWords',
        difficulty: 7,
        prompt: 'say 42: ',
        promptAs: 'text',
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
      'mode=fly: expected one of generate, evaluate, sweep, train, study, parameters; using generate.',
      'fallbackThreshold=NaN: expected a number in [0, 1.05]; using 0.6.',
      'rollbackThreshold=1e309: expected a number in [0, 20]; using 2.',
      'maxDraft=1.5: expected an integer in [1, 12]; using 10.',
      'seed=-1: expected an integer in [0, 4294967295]; using 1.',
      'digest: not a digest of tokens; ignored.',
      'colour: no such setting; ignored.',
    ]);
  });

  test.each(['v=0', 'v=3', 'v=x', 'v=1e0', 'v=99999999999'])('%s is no version', (version) => {
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

  test('a training link keeps its meaning for ever', () => {
    const sha256 = 'ab'.repeat(32);
    const kept =
      '#v=1&mode=train&method=sft&model=large&steps=40&batch=16&learningRate=0.002&schedule=constant' +
      '&warmup=4&floor=0.2&prompts=learned&weightDecay=0.1&beta1=0.8&beta2=0.95&clip=0.5&evaluateEvery=10' +
      `&microBatch=4&small=base-small&large=local%3A${sha256}%3Amy+model&data=file%3A${sha256}%3Anames.jsonl` +
      '&task=numberWords&difficulty=3&prompt=&maxTokens=90&problems=20&seed=7&provider=auto&kernels=auto';
    const { experiment, problems } = decode(kept);
    expect(problems).toEqual([]);
    // The order in which knobs are written may follow the controls; what they say may not change. A knob that came
    // later is written as what there was before it.
    const said = (link: string) => link.slice(1).split('&').sort();
    expect(said(encode(experiment))).toEqual(
      said(
        `${kept.replace('v=1', 'v=2')}&packing=padded&tune=all&loraRank=8&loraAlpha=16&loraTargets=all`,
      ),
    );
    expect(experiment).toMatchObject({
      mode: 'train',
      method: 'sft',
      params: { model: 'large', steps: 40, prompts: 'learned', microBatch: 4 },
      large: `local:${sha256}:my model`,
      data: `file:${sha256}:names.jsonl`,
    });
  });

  test('each mode has its own methods', () => {
    // In parameters mode nothing runs, and trainings that are compared have methods of their own.
    for (const mode of modes.filter((one) => one !== 'parameters' && one !== 'study')) {
      for (const method of Object.keys(methods)) {
        const { experiment, problems } = decode(`#v=1&mode=${mode}&method=${method}`);
        const own = methodsOf(mode).some((one) => one === method);
        expect(problems).toHaveLength(own ? 0 : 1);
        const meant = own ? method : defaultMethodOf(mode);
        const [first] = experiment.contenders;
        const found = mode === 'evaluate' ? (first ?? { method: 'greedy' }) : experiment;
        expect(found.method).toBe(meant);
        if ('params' in found) {
          expect(found.params).toEqual(defaultsOf(methods[found.method].params));
        }
      }
    }
  });

  test('a checkpoint that nobody has chosen follows the method and the task; a chosen one stays', () => {
    const own = localId({ sha256: 'ab'.repeat(32), name: 'mine' });
    const before = { ...defaultExperiment, large: own };
    const after = recast(before, { ...before, method: 'sample', task: 'reverse' });
    expect(after).toMatchObject({ ...defaultCast('sample', 'reverse'), large: own });
    for (const method of methodsOf('generate')) {
      for (const id of Object.values(defaultCast(method, 'addition'))) {
        expect(Object.hasOwn(checkpoints, id)).toBe(true);
      }
    }
  });

  test('no knob has the name of another setting', () => {
    const plain = ['v', 'digest', 'x', 'y', 'seeds', ...Object.keys(defaultExperiment)];
    for (const { params } of Object.values(methods)) {
      expect(Object.keys(params).filter((key) => plain.includes(key))).toEqual([]);
      expect(Object.keys(params).filter((key) => key.includes('.'))).toEqual([]);
      // Values stand beside each other with a blank between.
      const choices = Object.values(params).flatMap((s) => (s.kind === 'choice' ? s.options : []));
      expect(choices.filter(({ value }) => /\s|^none$/.test(value))).toEqual([]);
    }
  });

  test.each([
    'local:',
    'local:12:x',
    `local:${'0'.repeat(64)}:`,
    `local:${'0'.repeat(64)}:a%2Fb`,
    `file:${'0'.repeat(64)}:x`,
  ])('small=%s names no checkpoint', (id) => {
    const { experiment, problems } = decode(`#v=1&small=${id}`);
    expect(experiment.small).toBe(defaultExperiment.small);
    expect(problems).toHaveLength(1);
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
