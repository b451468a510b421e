// What is said beside a checkpoint whose tokens mean something else to the others, before anything is run.

import { expect, test } from 'vitest';
import { setUp } from '../../test/support/fakePage.ts';
import type { KeptCheckpoint } from '../core/kept.ts';
import type { Vocabulary } from '../core/vocabulary.ts';
import { defaultExperiment, type Experiment } from '../experiment/experiment.ts';
import type { Errand } from '../worker/protocol.ts';
import { mismatches } from './vocabularies.ts';

const mine = `local:${'a'.repeat(64)}:mine`;
const twin = `local:${'b'.repeat(64)}:twin`;
const kept = (id: string): KeptCheckpoint => ({
  id,
  name: id.slice(-4),
  bytes: 1,
  parameters: 1,
  step: 0,
  scores: {},
  measuredAt: 0,
  base: '',
  recipe: '',
  origin: 'dropped',
  saved: 0,
});
const stored = {
  checkpoints: [kept(mine), kept(twin)],
  data: [],
  runs: [],
  resumable: [],
  ongoing: [],
  downloads: [],
  lasting: false,
  bytes: 0,
  where: 'browser',
} as const;
const family: Vocabulary = { tokens: 79, fingerprint: 'family' };
const bytes: Vocabulary = { tokens: 1257, fingerprint: 'bytes' };

test('they are asked for once, when something of one’s own is chosen and here', () => {
  const { actions, state, sent, say } = setUp();
  const asked = () => sent.flatMap((one) => (one.type === 'vocabularies' ? [one.checkpoints] : []));
  actions.set('small', mine);
  // Where nobody knows yet what is kept, nobody can read it.
  expect(asked()).toEqual([['large-tuned']]);
  say({ type: 'stored', stored });
  actions.set('seed', 5);
  actions.set('large', mine);
  actions.set('large', 'large-tuned');
  expect(asked()).toEqual([['large-tuned'], [mine]]);
  const last = sent.findLast((one): one is Errand => one.type === 'vocabularies');
  say({ type: 'vocabularies', request: last!.request, vocabularies: { [mine]: bytes } });
  expect(state().vocabularies).toEqual({ [mine]: bytes });
});

test('the built-in ones share a vocabulary: nothing is asked', () => {
  const { actions, sent } = setUp();
  actions.setMethod('dynamicFusion');
  actions.set('small', 'small-addition');
  expect(sent.filter(({ type }) => type === 'vocabularies')).toEqual([]);
});

test('a sentence says which two, how they differ, and what can be done', () => {
  const experiment: Experiment = { ...defaultExperiment, small: mine, large: 'base-large' };
  const known = { [mine]: bytes, 'base-large': family };
  expect(mismatches(experiment, known)).toEqual({
    small:
      'mine does not share the vocabulary of Large base: 1,257 tokens against 79. Choose another checkpoint here or as large, or weak-to-strong search, which works across vocabularies.',
  });
  // As long as one of them is not known, nothing is.
  expect(mismatches(experiment, { [mine]: bytes })).toEqual({});
  expect(mismatches(experiment, { ...known, [mine]: family })).toEqual({});
  expect(mismatches({ ...experiment, mode: 'parameters' }, known)).toEqual({});
  const swapped = { ...known, [mine]: { ...family, fingerprint: 'swapped' } };
  expect(mismatches(experiment, swapped).small).toContain('79 tokens each, but different ones');
});

test('a pair that judges texts may have its own; an expert may not', () => {
  const known = { [mine]: bytes, [twin]: bytes, 'base-large': family, 'base-small': family };
  const page = setUp();
  page.actions.setMethod('weakToStrong');
  const search = { ...page.state().experiment, tuned: mine, untuned: twin };
  expect(mismatches(search, known)).toEqual({});
  page.actions.setMethod('proxyTuning');
  const fusion = { ...page.state().experiment, expert: mine, antiExpert: 'base-small' };
  expect(Object.keys(mismatches(fusion, known))).toEqual(['expert']);
});

test('trainings are compared one by one: who learns alone needs nobody’s tokens', () => {
  const page = setUp();
  page.actions.setMode('study');
  const { experiment } = page.state();
  const known = { [mine]: bytes, 'base-large': family };
  const [plan] = experiment.study.plans;
  const alone = { ...plan!, method: 'grpo' as const, params: { ...plan!.params, model: 'small' } };
  const study = (...plans: (typeof alone)[]) =>
    mismatches({ ...experiment, small: mine, study: { ...experiment.study, plans } }, known);
  expect(study(alone)).toEqual({});
  const both = study(alone, { ...alone, method: 'codistillGrpo' as const } as never);
  expect(both.small).toMatch(/Choose another checkpoint here or as large\.$/);
});
