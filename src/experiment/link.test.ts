// The link is read by strangers' browsers from strangers' hands: it must say the same thing for ever, and
// nothing in it may do harm.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ACTIONS,
  BITS,
  DIAL_LIMITS,
  type Dials,
  defaultDials,
  type Edit,
  LOOKED_AT,
  type Target,
  takesAmount,
  VIEWS,
} from '../core/dials.ts';
import { defaultsOf, type ParamSpec, type ParamValue } from '../core/params.ts';
import { inOrder, ROLES, type Role } from '../core/roles.ts';
import { MOST_VALUES } from './axis.ts';
import { defaultCast } from './cast.ts';
import {
  checkpoints,
  defaultMethodOf,
  methods,
  methodsOf,
  modes,
  rolesIn,
  taskList,
} from './catalogue.ts';
import { contendersOf, pointsOf, sweepFor } from './contenders.ts';
import { compareDigest, digestOf } from './digest.ts';
import {
  type Contender,
  type DecodingId,
  defaultExperiment,
  type Experiment,
  LIMITS,
  type Sweep,
  type TrainerMethodId,
  usualSweep,
} from './experiment.ts';
import { decode, encode, MAX_LINK } from './link.ts';
import { cleanName, fileId, localId, parseFileId, parseLocalId, sameContent } from './names.ts';
import { recast, usualCast } from './recast.ts';
import { type Plan, type Study, usualStudy } from './study.ts';

const knob = (spec: ParamSpec): fc.Arbitrary<ParamValue> =>
  spec.kind === 'choice'
    ? fc.constantFrom(...spec.options.map((option) => option.value))
    : spec.kind === 'integer'
      ? fc.integer({ min: spec.min, max: spec.max })
      : fc.double({ min: spec.min, max: spec.max, noNaN: true });

const content = fc.record({
  sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
  name: fc.string({ unit: 'grapheme', maxLength: 120 }).map(cleanName),
});
const checkpoint = fc.oneof(fc.constantFrom(...Object.keys(checkpoints)), content.map(localId));

const decoding = methodsOf('evaluate') as readonly DecodingId[];
const knobs = (method: keyof typeof methods) =>
  fc.record(
    Object.fromEntries(Object.entries(methods[method].params).map(([k, s]) => [k, knob(s)])),
  );
const contender: fc.Arbitrary<Contender> = fc.constantFrom(...decoding).chain((method) =>
  fc.record({
    method: fc.constant(method),
    label: fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => text.length <= 40),
    params: knobs(method),
  }),
);
const sweepOf = (method: DecodingId): fc.Arbitrary<Sweep> => {
  const table = methods[method].params;
  const values = (key: string) =>
    fc.uniqueArray(knob(table[key]!), {
      minLength: 1,
      maxLength: MOST_VALUES,
      // A link has no negative zero.
      selector: (value) => String(value),
    });
  const axis = (key: string) => fc.record({ key: fc.constant(key), values: values(key) });
  return fc.shuffledSubarray(Object.keys(table), { minLength: 1 }).chain(([x, y]) =>
    fc.record(
      {
        x: axis(x!),
        seeds: fc.integer(LIMITS.seeds),
        ...(y !== undefined && { y: axis(y) }),
      },
      { noNullPrototype: true },
    ),
  );
};

const tensor = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((name) => name.length <= 400);
const index = fc.nat(1e12);
const role = fc.constantFrom(...LOOKED_AT);
const amount = fc
  .double({ min: -DIAL_LIMITS.amount, max: DIAL_LIMITS.amount, noNaN: true })
  .map((value) => value + 0);
const edit: fc.Arbitrary<Edit> = fc
  .tuple(
    role,
    fc.oneof(
      fc.record({ kind: fc.constantFrom('weight', 'row', 'column'), tensor, index }),
      fc.record({ kind: fc.constant('tensor'), tensor }),
      fc.record({ kind: fc.constantFrom('head', 'neuron'), layer: index, index }),
      fc.record({ kind: fc.constant('layer'), layer: index }),
    ) as fc.Arbitrary<Target>,
    fc.constantFrom(...ACTIONS),
    amount,
  )
  .map(([role, target, action, amount]) => ({
    role,
    target,
    action,
    amount: action === 'noise' ? Math.abs(amount) : takesAmount(action) ? amount : 0,
  }));
const pins = fc.array(fc.record({ role, tensor, index }), { maxLength: 4 });
const dials: fc.Arbitrary<Dials> = fc.record({
  view: fc.constantFrom(...VIEWS),
  model: role,
  tensor: fc.oneof(fc.constant(''), tensor),
  edits: fc.array(edit, { maxLength: 4 }),
  smallBits: fc.constantFrom(...BITS),
  largeBits: fc.constantFrom(...BITS),
  pins,
  moved: fc.double({ ...DIAL_LIMITS.moved, noNaN: true }).map((value) => value + 0),
  temperature: fc.double({ ...DIAL_LIMITS.temperature, noNaN: true }).map((value) => value + 0),
  topP: fc.double({ ...DIAL_LIMITS.topP, noNaN: true }),
  tour: fc.integer(DIAL_LIMITS.tour),
});
const trainers = methodsOf('study') as readonly TrainerMethodId[];
const plan: fc.Arbitrary<Plan> = fc.constantFrom(...trainers).chain((method) =>
  fc.record({
    method: fc.constant(method),
    label: fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => text.length <= 40),
    params: knobs(method),
  }),
);
const study: fc.Arbitrary<Study> = fc.record({
  plans: fc.array(plan, { maxLength: 3 }),
  seeds: fc.integer(LIMITS.seeds),
});
const pinned: fc.Arbitrary<Dials> = pins.map((some) => ({ ...defaultDials, pins: some }));

const experiments: fc.Arbitrary<Experiment> = fc
  .tuple(
    fc.constantFrom(
      ...modes.flatMap((mode) => methodsOf(mode).map((method) => ({ mode, method }))),
    ),
    fc.constantFrom(...(Object.keys(taskList) as (keyof typeof taskList)[])),
  )
  .chain(([{ mode, method }, task]) =>
    fc.record({
      mode: fc.constant(mode),
      method: fc.constant(method),
      params: knobs(method),
      contenders: fc.array(contender, { maxLength: 3 }),
      study: mode === 'study' ? study : fc.constant(usualStudy),
      sweep: mode === 'sweep' ? sweepOf(method as DecodingId) : fc.constant(usualSweep('bild')),
      dials: mode === 'parameters' ? dials : mode === 'train' ? pinned : fc.constant(defaultDials),
      cast: fc.record(
        Object.fromEntries(ROLES.map((role) => [role, checkpoint])) as Record<
          Role,
          typeof checkpoint
        >,
      ),
      data: fc.oneof(fc.constant('task'), content.map(fileId)),
      task: fc.constant(task),
      difficulty: fc.integer({
        min: taskList[task].difficulty.min,
        max: taskList[task].difficulty.max,
      }),
      prompt: fc.string({ unit: 'grapheme', maxLength: 300 }),
      maxTokens: fc.integer(LIMITS.maxTokens),
      problems: fc.integer(LIMITS.problems),
      seed: fc.integer(LIMITS.seed),
      provider: fc.constantFrom('auto' as const, 'wasm' as const, 'webgpu' as const),
      kernels: fc.constantFrom('auto' as const, 'cpu' as const, 'webgpu' as const),
    }),
  )
  .map(({ cast, ...all }) => {
    const { method, params, contenders } = defaultExperiment;
    // What the mode does not use is not in the link.
    const plain = {
      ...all,
      ...(all.mode === 'evaluate' ? { method, params } : { contenders }),
      ...(all.mode === 'parameters' && { method, params }),
      ...(all.mode === 'study' && {
        method: defaultMethodOf('study'),
        params: defaultsOf(methods[defaultMethodOf('study')].params),
      }),
    };
    const usual = usualCast(plain);
    const chosen = { ...plain, ...cast };
    // What takes no part is not in the link.
    const written = inOrder(['small', 'large', ...rolesIn(chosen)]);
    return {
      ...chosen,
      ...usual,
      ...Object.fromEntries(written.map((role) => [role, cast[role]])),
    };
  });

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
      said(`${kept}&packing=padded&tune=all&loraRank=8&loraAlpha=16&loraTargets=all`),
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

describe('what is compared', () => {
  test('an old link means its one method; one model alone is there anyway', () => {
    const { contenders } = decode('#v=1&mode=evaluate&method=bild&maxDraft=3').experiment;
    expect(contenders).toMatchObject([{ method: 'bild', params: { maxDraft: 3 } }]);
    expect(decode('#v=1&mode=evaluate&method=greedy&model=small').experiment.contenders).toEqual(
      [],
    );
    expect(decode('#v=1&mode=evaluate&problems=5').experiment.contenders).toHaveLength(1);
  });

  test('a link of contenders keeps its meaning for ever', () => {
    const kept =
      '#v=1&mode=evaluate&contenders=2&c1.method=bild&c1.label=strict&c1.fallbackThreshold=0.9' +
      '&c1.rollbackThreshold=0.5&c1.maxDraft=4&c2.method=sample&c2.model=small&c2.temperature=0.5' +
      '&c2.topK=0&c2.topP=1&c2.minP=0&small=base-small&large=large-tuned&data=task&task=addition' +
      '&difficulty=3&prompt=&maxTokens=90&problems=20&seed=7&provider=auto&kernels=auto';
    const { experiment, problems } = decode(kept);
    expect(problems).toEqual([]);
    expect(encode(experiment)).toBe(kept);
    expect(contendersOf(experiment).map(({ label, method }) => [label, method])).toEqual([
      ['small alone', 'greedy'],
      ['large alone', 'greedy'],
      ['strict', 'bild'],
      ['', 'sample'],
    ]);
  });

  test('a link of a sweep keeps its meaning for ever', () => {
    const kept =
      '#v=1&mode=sweep&method=bild&fallbackThreshold=0.6&rollbackThreshold=2&maxDraft=10' +
      '&x=fallbackThreshold&x.values=0.5+0.9&y=maxDraft&y.values=2+8+12&seeds=3' +
      '&small=base-small&large=large-tuned&data=task&task=addition&difficulty=3&prompt=' +
      '&maxTokens=90&problems=20&seed=7&provider=auto&kernels=auto';
    const { experiment, problems } = decode(kept);
    expect(problems).toEqual([]);
    expect(encode(experiment)).toBe(kept);
    expect(pointsOf(experiment).map(({ x, y }) => [x, y])).toEqual([
      [0.5, 2],
      [0.9, 2],
      [0.5, 8],
      [0.9, 8],
      [0.5, 12],
      [0.9, 12],
    ]);
    const all = contendersOf(experiment);
    for (const { x, y, contender } of pointsOf(experiment)) {
      expect(all[contender]?.params).toEqual({
        fallbackThreshold: x,
        rollbackThreshold: 2,
        maxDraft: y,
      });
    }
  });

  test('what cannot be read is named, and nothing runs twice', () => {
    const { experiment, problems } = decode(
      '#v=1&mode=sweep&method=bild&x=maxDraft&x.values=2+2+99+3&y=maxDraft&seeds=0&y.values=',
    );
    expect(experiment.sweep).toEqual({
      x: { key: 'maxDraft', values: [2, 3] },
      y: { key: 'rollbackThreshold', values: [1, 3, 8] },
      seeds: 1,
    });
    expect(problems).toEqual([
      'x.values=99: expected an integer in [1, 12]; left out.',
      'y=maxDraft: expected one of none, fallbackThreshold, rollbackThreshold; using rollbackThreshold.',
      'seeds=0: expected an integer in [1, 10]; using 1.',
      'y.values: no value; using 1 3 8.',
    ]);
    const many = decode('#v=1&mode=evaluate&contenders=13&c1.method=magic').problems;
    expect(many[0]).toBe('contenders=13: expected an integer in [0, 12]; using 1.');
  });

  test('a sweep of another method’s knobs is not run', () => {
    const { sweep } = defaultExperiment;
    expect(sweepFor('bild', sweep)).toBe(sweep);
    const other = sweepFor('sample', { ...sweep, seeds: 4 });
    expect(Object.keys(methods.sample.params)).toContain(other.x.key);
    expect(other.seeds).toBe(4);
  });

  test('of contenders that need other checkpoints, the first decides', () => {
    const mixed = { ...defaultExperiment, mode: 'evaluate' as const };
    expect(usualCast(mixed)).toEqual(defaultCast('bild', 'numberWords'));
    expect(rolesIn({ ...mixed, contenders: [] })).toEqual(['small', 'large']);
  });
});

describe('names of one’s own', () => {
  test('any text becomes a name, which stays as it is and comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const name = cleanName(text);
        expect(cleanName(name)).toBe(name);
        expect(name).toMatch(/^[^./\\:\p{Cc}\p{Cf}][^/\\:\p{Cc}\p{Cf}]*$/u);
        const content = { sha256: '0f'.repeat(32), name };
        expect(parseLocalId(localId(content))).toEqual(content);
        expect(parseFileId(fileId(content))).toEqual(content);
        expect(parseFileId(localId(content))).toBeUndefined();
      }),
    );
  });

  test('what cannot be seen leaves one space behind, not two', () => {
    expect(cleanName('a\t\u0000\tb')).toBe('a b');
  });

  test('the hash decides, not the name', () => {
    const [a, b] = ['aa', 'bb'].map((hex) => hex.repeat(32)) as [string, string];
    expect(sameContent(`local:${a}:x`, `local:${a}:y`)).toBe(true);
    expect(sameContent(`local:${a}:x`, `local:${b}:x`)).toBe(false);
    expect(sameContent('base-small', 'base-small')).toBe(true);
    expect(sameContent('base-small', `local:${a}:base-small`)).toBe(false);
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
      // A method with two learning models has some fifty knobs, all of them written.
      expect(link.length).toBeLessThan(800);
    }
  });
});
