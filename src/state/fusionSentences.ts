// Why a token came out when several models' logits became one.

import { methods } from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { percent, THIN } from './format.ts';
import type { Solution, TokenCell } from './tokenStream.ts';

const nats = (value: number): string => `${value.toFixed(2)}${THIN}nats`;

export function explainFused({ prob, fusion }: TokenCell, experiment: Experiment): string {
  const sampled = experiment.params.temperature !== 0;
  const sure = `together the models give it p = ${percent(prob)}${sampled ? ' after temperature and filters' : ''}`;
  if (fusion) return `${solved(fusion, experiment)} ${sentence(sure)}`;
  const strengths = Object.entries(methods[experiment.method].params)
    .filter(([, { symbol }]) => symbol === '\\alpha' || symbol === '\\beta')
    .map(([key, { label }]) => `${label.toLowerCase()} ${experiment.params[key]}`);
  return sentence(`with ${strengths.join(' and ')}, ${sure}`);
}

function solved({ alphas, moved, wanted, edge }: Solution, { params }: Experiment): string {
  const one = alphas.length === 1;
  const values = alphas.map((alpha) => alpha.toFixed(2)).join(', ');
  const average = wanted.reduce((sum, { there }) => sum + there, 0) / wanted.length;
  const far = `With α = ${values} large moves by KL ${nats(moved.there)}; ${one ? 'tuning moved the expert' : 'tuning moved the experts, on average,'} by ${nats(average)}.`;
  if (edge === 'high') return `${far} α ends at ${params.alphaMax}: a better one may lie beyond.`;
  if (edge === 'low' && params.alphaMin !== 0) {
    return `${far} α ends at ${params.alphaMin}: a better one may lie below.`;
  }
  return far;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
