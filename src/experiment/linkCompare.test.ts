import { describe, expect, test } from 'vitest';
import { defaultCast } from './cast.ts';
import { methods, rolesIn } from './catalogue.ts';
import { contendersOf, pointsOf, sweepFor } from './contenders.ts';
import { defaultExperiment } from './experiment.ts';
import { decode, encode } from './link.ts';
import { usualCast } from './recast.ts';

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
    expect(encode(experiment)).toBe(`${kept.replace('v=1', 'v=2')}&promptAs=text`);
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
    expect(encode(experiment)).toBe(`${kept.replace('v=1', 'v=2')}&promptAs=text`);
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
