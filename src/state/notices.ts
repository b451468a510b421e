// What has just happened, in a sentence, for the status line and for those who listen to the page.

import { learnsByReward } from '../experiment/catalogue.ts';
import { compareDigest } from '../experiment/digest.ts';
import { contenderName } from './contenders.ts';
import { isVerifiable, tallies } from './evaluation.ts';
import { percent, plural, times } from './format.ts';
import { policyNotice } from './policyText.ts';
import { generatedOf, type Run } from './run.ts';
import { summary } from './summary.ts';
import { sweepOf } from './sweep.ts';
import { training } from './training.ts';

export function finishedNotice(run: Run): string {
  switch (run.status) {
    case 'failed':
      return `Run ${run.id} failed: ${run.failure?.message ?? 'for an unknown reason.'}`;
    case 'stopped':
      return `Run ${run.id} was stopped; what it has done stays.`;
    case 'completed':
      if (run.experiment.mode === 'train') return trained(run);
      if (run.experiment.mode === 'sweep') return swept(run);
      return run.experiment.mode === 'evaluate' ? evaluated(run) : generated(run);
    default:
      return '';
  }
}

function generated(run: Run): string {
  const { tokens, measuredSpeedUp } = summary(run);
  const fast =
    measuredSpeedUp === undefined ? '' : `, ${times(measuredSpeedUp)} as fast as large alone`;
  const same = linkVerdict(run);
  return `Run ${run.id} finished: ${plural(tokens, 'token')}${fast}.${same ? ` ${same.text}` : ''}`;
}

function trained(run: Run): string {
  if (learnsByReward(run.experiment.method)) return policyNotice(run);
  const { step, kept, diverged } = training(run);
  const made = kept ? ` It is kept as ${kept.name}.` : '';
  return diverged
    ? `Run ${run.id} ended: the ${diverged.what} of step ${diverged.step} was no finite number.${made}`
    : `Run ${run.id} finished: ${plural(step, 'step')}.${made}`;
}

function evaluated(run: Run): string {
  const { experiment } = run;
  const word = isVerifiable(experiment) ? 'right' : 'reward';
  const results = tallies(run).map(
    ({ contender, score }) =>
      `${contenderName(experiment, contender)} ${percent(score.mean, 1)} ${word}`,
  );
  return `Run ${run.id} finished: ${results.join(', ')}.`;
}

function swept(run: Run): string {
  const { frontier, cells } = sweepOf(run);
  const fastest = frontier.at(-1);
  const best =
    fastest?.speedUp && fastest.score
      ? ` ${contenderName(run.experiment, fastest.contender)} is the fastest: ${times(fastest.speedUp.mean)}, ${percent(fastest.score.mean, 1)}.`
      : '';
  return `Run ${run.id} finished: ${plural(cells.length, 'setting')}.${best}`;
}

/** Whether the run gave what the link's sender saw; nothing when the link did not say. */
export function linkVerdict(run: Run): { same: boolean; text: string } | undefined {
  const tokens = generatedOf(run)?.tokens;
  if (run.expectedDigest === undefined || tokens === undefined) return undefined;
  const verdict = compareDigest(run.expectedDigest, tokens);
  return verdict.same
    ? { same: true, text: 'Same tokens as the link.' }
    : { same: false, text: `Differs from the link from token ${verdict.at + 1} on.` };
}
