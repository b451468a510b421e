// Training by reward for someone who has never heard of it: a few steps with their formulas and the settings in them,
// one line to stand beside the controls, and where to look.

import type { Experiment } from '../experiment/experiment.ts';
import type { Step } from './explanation.ts';

type Params = Experiment['params'];

const count = (value: unknown, one: string): string =>
  `${String(value)} ${one}${Number(value) === 1 ? '' : 's'}`;

export function rewardSteps({ method, params }: Experiment): readonly Step[] {
  switch (method) {
    case 'grpo':
      return grpoSteps(params);
    case 'codistillGrpo':
      return codistillSteps(params);
    default:
      return distillationSteps(params);
  }
}

function grpoSteps(params: Params): readonly Step[] {
  const by = params.model === 'large' ? 'large' : 'small';
  return [
    {
      title: 'Write',
      by,
      tex: 'y_1, \\dots, y_G \\sim \\pi(\\cdot \\mid x)',
      text: `For each of ${count(params.prompts, 'problem')} it writes ${count(params.group, 'answer')}, drawn at temperature ${String(params.temperature)}.`,
    },
    {
      title: 'Compare',
      by,
      tex: `A_i = ${params.scaleRewards === 'nothing' ? 'r_i - \\bar r' : '\\frac{r_i - \\bar r}{\\operatorname{std}(r)}'}`,
      text: 'A checker gives each its reward. What counts is how much better than the rest of its group it did: no second network has to guess values.',
    },
    {
      title: 'Learn',
      by,
      tex: 'L = -\\,\\mathbb{E}\\left[\\min\\left(\\rho A,\\; \\operatorname{clip}(\\rho, 1-\\varepsilon, 1+\\varepsilon)\\, A\\right)\\right]',
      text: 'Tokens of the better answers become likelier, of the worse ones less likely; the clip keeps a step from going too far.',
    },
  ];
}

function codistillSteps(params: Params): readonly Step[] {
  const kept =
    params.selection === 'all' ? 'all of them count' : `${String(params.group)} are kept`;
  return [
    {
      title: 'Small writes, both judge',
      by: 'small',
      tex: `r_i = r_{\\text{task}} + ${String(params.alpha)}\\cdot\\tfrac{1}{N} \\sum_t \\log \\frac{\\pi_{\\text{large}}(y_t)}{\\pi_{\\text{small}}(y_t)}`,
      text: `Only the small model writes, ${count(params.samples, 'answer')} to a problem, which is what makes it cheap. It is rewarded for being right and for what the large one finds likely.`,
    },
    {
      title: 'Keep what tells most',
      by: 'small',
      tex: 'S = \\arg\\max_{|S| = G} \\operatorname{Var}\\{r_i\\}_{i \\in S}',
      text: `Of the ${String(params.samples)}, ${kept}. The small one’s advantages are over the mean, not divided: A = r - mean(r).`,
    },
    {
      title: 'Large learns from the same answers',
      by: 'large',
      tex: '\\rho_t = \\frac{\\pi_{\\text{large}}(y_t)}{\\pi_{\\text{small}}(y_t)}, \\qquad A = \\frac{r - \\bar r}{\\operatorname{std}(r)}',
      text: 'Somebody else wrote them, so each token is weighted by the ratio, clipped: tokens that the two find very differently likely teach it nothing.',
    },
  ];
}

function distillationSteps(params: Params): readonly Step[] {
  return [
    {
      title: 'Small writes',
      by: 'small',
      tex: 'y \\sim \\pi_{\\text{small}}(\\cdot \\mid x)',
      text: `${count(params.group, 'answer')} to each of ${count(params.prompts, 'problem')}: it learns where its own mistakes lead it, not where a teacher’s text would.`,
    },
    {
      title: 'Large judges each token',
      by: 'large',
      tex: `A_t = ${String(params.coefficient)}\\,\\bigl(\\log \\pi_{\\text{large}}(y_t) - \\log \\pi_{\\text{small}}(y_t)\\bigr)`,
      text: 'How much likelier, or less likely, it would have been: a reward for every token, in one pass. The large model is left as it is.',
    },
    {
      title: 'Small learns',
      by: 'small',
      tex: '\\nabla L = -\\,\\mathbb{E}\\left[A_t \\,\\nabla \\log \\pi_{\\text{small}}(y_t)\\right]',
      text: 'On average that descends KL(small || large): the small one stops writing what the large one never would.',
    },
  ];
}

/** What it computes, in one line. */
export function rewardFormula({ method, params }: Experiment): string | undefined {
  switch (method) {
    case 'grpo':
      return params.scaleRewards === 'nothing'
        ? 'A_i = r_i - \\bar r'
        : 'A_i = \\frac{r_i - \\bar r}{\\operatorname{std}(r)}';
    case 'codistillGrpo':
      return `r = r_{\\text{task}} + ${String(params.alpha)}\\,\\tfrac{1}{N}\\textstyle\\sum_t \\log \\dfrac{\\pi_{\\text{large}}}{\\pi_{\\text{small}}}`;
    case 'onPolicyDistillation':
      return `A_t = ${String(params.coefficient)}\\,\\log \\frac{\\pi_{\\text{large}}}{\\pi_{\\text{small}}}`;
    default:
      return undefined;
  }
}

export function whereReward({ method }: Experiment): string {
  switch (method) {
    case 'codistillGrpo':
      return 'Look at the large model’s tokens without gradient: while they are few, both models learn from what only the small one wrote. Below, every completion shows where the two disagree.';
    case 'onPolicyDistillation':
      return 'Look at the completions: orange tokens are those that the large model would rather not have seen. They become rarer.';
    default:
      return 'The reward rises as it learns, and the held-out accuracy says whether that carries over. Dead groups teach nothing: too easy, or too hard. Below is every completion with what it was worth.';
  }
}

/** What the method is, in a few sentences, before the first run. */
export function whatRewardIs({ method }: Experiment): readonly string[] {
  const grpo =
    'Group Relative Policy Optimization (GRPO) teaches a model by reward alone: nobody shows it a right answer. It writes a group of answers to each problem, and a checker says which are right. Each answer is compared with the mean of its group: what did better becomes likelier, what did worse less likely. There is no value network and no judge to train, so a task with a checker is all it takes.';
  switch (method) {
    case 'codistillGrpo':
      return [
        grpo,
        'CoDistill-GRPO trains a small and a large model together and lets only the small one write. The small one is rewarded also for what the large one finds likely, which pulls the two together; the large one learns from the same answers, weighted by how likely it would have written them. So the large model is spared its own rollouts, the most expensive part, and the small one has a teacher that gets better as it does.',
      ];
    case 'onPolicyDistillation':
      return [
        'On-policy distillation lets the small model write and the large one comment on every token: how much likelier would it have been? That is a dense reward where a checker gives one number at the end, and the text is the small model’s own, so it learns to get out of its own mistakes. The large model is left as it is.',
      ];
    default:
      return [grpo];
  }
}
