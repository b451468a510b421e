// The beam tree of real searches on table models: nothing grows from what was dropped, scores add up along a path,
// and the way to the winner is the text.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { record, recordedRun, runWith } from '../../test/support/recordedRun.ts';
import { defaultsOf, type ParamValue } from '../core/params.ts';
import { methods } from '../experiment/catalogue.ts';
import type { Experiment, MethodId } from '../experiment/experiment.ts';
import {
  type BeamNode,
  type BeamTree,
  beamsOf,
  beamTree,
  childrenOf,
  nodeAt,
  pathTo,
  scorePoints,
  searchTotals,
} from './beams.ts';
import { generatedOf, rolesOf } from './run.ts';
import { countsOf } from './summary.ts';

const experiment = (
  method: MethodId,
  params: Readonly<Record<string, ParamValue>>,
): Partial<Experiment> => ({
  method,
  params: { ...defaultsOf(methods[method].params), temperature: 1, ...params },
  maxTokens: 12,
});
const recordings = fc.record({
  models: fc.nat(1e6),
  experiment: fc
    .record({
      beams: fc.integer({ min: 1, max: 3 }),
      successors: fc.integer({ min: 1, max: 3 }),
      chunkLength: fc.integer({ min: 1, max: 5 }),
    })
    .map((params) => experiment('weakToStrong', params)),
});
const nodes = (tree: BeamTree): readonly BeamNode[] => tree.rounds.flatMap((round) => round.nodes);
const searched = (check: (run: Awaited<ReturnType<typeof recordedRun>>) => void) =>
  fc.assert(
    fc.asyncProperty(recordings, async (recording) =>
      check(await recordedRun({ ...recording, untimed: true })),
    ),
    { numRuns: 20 },
  );

describe('the beam tree', () => {
  test('every candidate continues one that was kept, and it is among that one’s children', () =>
    searched((run) => {
      const tree = beamsOf(run);
      for (const node of nodes(tree)) {
        const parent = nodeAt(tree, node.round - 1, node.parent);
        expect(parent === undefined).toBe(node.round === 0);
        if (!parent) continue;
        expect(parent.rank).toBeGreaterThan(0);
        expect(childrenOf(tree, parent)).toContain(node);
      }
    }));

  test('the kept ones are the best of their round, numbered from the best on', () =>
    searched((run) => {
      for (const { nodes: round } of beamsOf(run).rounds) {
        const kept = round.filter(({ rank }) => rank !== undefined);
        expect(kept).toHaveLength(Math.min(Number(run.experiment.params.beams), round.length));
        expect(kept.map(({ rank, place }) => [rank, place])).toEqual(
          kept.map((_, i) => [i + 1, i + 1]),
        );
        const scores = round.map(({ score }) => score ?? Number.NaN);
        expect(scores).toEqual([...scores].sort((a, b) => b - a));
      }
    }));

  test('along a path gains add up to the score, and an ended text gains nothing more', () =>
    searched((run) => {
      const tree = beamsOf(run);
      for (const node of nodes(tree)) {
        const path = pathTo(tree, node);
        expect(path).toHaveLength(node.round + 1);
        const sum = path.reduce((total, { gain = Number.NaN }) => total + gain, 0);
        expect(Math.abs(sum - (node.score ?? Number.NaN))).toBeLessThan(1e-5);
        const parent = path.at(-2);
        if (parent?.finished) expect([node.gain, node.text, node.finished]).toEqual([0, '', true]);
      }
    }));

  test('the way to the winner is the text, and its last node is the best of all that were left', () =>
    searched((run) => {
      const tree = beamsOf(run);
      const { winner } = tree;
      if (!winner) throw new Error('no winner');
      const path = pathTo(tree, winner);
      expect(path.map(({ text }) => text).join('')).toBe(generatedOf(run)?.text);
      expect(winner.place).toBe(1);
      expect(path.every(({ leads }) => leads)).toBe(true);
      expect(nodes(tree).filter(({ leads }) => leads)).toHaveLength(tree.rounds.length);
    }));

  test('best-of-N is one column, of which the best is the text', async () => {
    const run = await recordedRun({
      models: 4,
      untimed: true,
      experiment: experiment('bestOfN', { samples: 6 }),
    });
    const { rounds, winner } = beamsOf(run);
    expect(rounds.map((round) => round.nodes.length)).toEqual([6]);
    expect(winner?.text).toBe(generatedOf(run)?.text);
    const scores = rounds[0]?.nodes.map(({ score = Number.NaN }) => score) ?? [];
    expect(winner?.score).toBe(Math.max(...scores));
  });

  test('at every moment nothing grows from what was dropped, and what is written has no score yet', async () => {
    const events = await record({
      models: 7,
      untimed: true,
      experiment: experiment('weakToStrong', { beams: 2, successors: 2, chunkLength: 3 }),
    });
    for (let moment = 0; moment <= events.length; moment++) {
      const tree = beamTree(events.slice(0, moment));
      for (const node of nodes(tree)) {
        const parent = nodeAt(tree, node.round - 1, node.parent);
        if (node.round > 0) expect(parent?.rank).toBeGreaterThan(0);
        const { judged } = tree.rounds[node.round] ?? {};
        expect(node.score !== undefined).toBe(judged);
      }
    }
    // What was seen while it was written is what was judged.
    const chunks = events.flatMap((event, i) =>
      event.type === 'decode' && event.event.type === 'chunk' ? [i] : [],
    );
    for (const at of chunks) {
      const before = beamTree(events.slice(0, at)).rounds.at(-1);
      const after = beamTree(events.slice(0, at + 1)).rounds.at(-1);
      for (const { row, parent, text } of before?.nodes ?? []) {
        expect(after?.nodes.find((node) => node.row === row)).toMatchObject({
          text,
          ...(parent !== undefined && { parent }),
        });
      }
    }
  });

  test('before anything has happened there is none', () =>
    expect(beamsOf(runWith([]))).toEqual({ rounds: [] }));
});

describe('scores round by round', () => {
  test('best, mean, what it took to be kept, and worst lie in this order', () =>
    searched((run) => {
      const points = scorePoints(run);
      expect(points).toHaveLength(beamsOf(run).rounds.length);
      for (const { best, mean, cut, worst } of points) {
        expect(best >= mean - 1e-9 && mean >= worst - 1e-9).toBe(true);
        expect(best >= cut && cut >= worst).toBe(true);
      }
      expect(searchTotals(run)?.best).toBe(beamsOf(run).winner?.score);
    }));

  test('passes of the large model that are counted as it goes are those that were measured', () =>
    searched((run) => {
      const { passes } = countsOf(run.events, false, rolesOf(run.experiment));
      const stats = generatedOf(run)?.stats;
      expect(passes.large).toBe(stats?.large.passes);
      expect(passes.tuned).toBe(stats?.tuned?.passes);
    }));
});
