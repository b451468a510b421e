// What training by reward tells the world, in the order in which it happens, for one policy or for two that learn
// side by side. Charts, tables and the command line's lines are functions of these and of nothing else.

import type { Role } from './roles.ts';

/** The models that can learn by reward. */
export type PolicyRole = Extract<Role, 'small' | 'large'>;
/** What is said of each model that takes part. */
export type ByPolicy<T> = Readonly<Partial<Record<PolicyRole, T>>>;

/** What a reward is made of; each counts with a weight of its own. */
export const REWARD_PARTS = ['correctness', 'format', 'length', 'distillation'] as const;
export type RewardPart = (typeof REWARD_PARTS)[number];

interface Metric {
  readonly label: string;
  /** One sentence. */
  readonly meaning: string;
  readonly unit: 'reward' | 'share' | 'nats' | 'tokens' | 'number';
}

/** What every step measures of each model, by TRL's names; those that TRL lacks are marked. Means are over tokens. */
export const METRICS = {
  reward: {
    label: 'Reward',
    meaning: 'Mean reward of the completions, all parts weighted and added up.',
    unit: 'reward',
  },
  reward_std: {
    label: 'Reward spread',
    meaning: 'Standard deviation of the reward within a group, averaged over the groups.',
    unit: 'reward',
  },
  frac_reward_zero_std: {
    label: 'Dead groups',
    meaning:
      'Share of the groups in which all completions have the same reward: they teach nothing.',
    unit: 'share',
  },
  'rewards/correctness/mean': {
    label: 'Correctness',
    meaning: 'Mean of the task’s own reward, before weighting: 1 is right.',
    unit: 'reward',
  },
  'rewards/format/mean': {
    label: 'Format',
    meaning: 'Share of the completions that look like an answer, right or not.',
    unit: 'reward',
  },
  'rewards/length/mean': {
    label: 'Length',
    meaning: 'Mean penalty for nearly running out of room: 0 is none, -1 the most.',
    unit: 'reward',
  },
  'rewards/distillation/mean': {
    label: 'Distillation',
    meaning:
      'Mean of (1/N) sum (log p_large - log p_small) over the completion: 0 when both find it equally likely.',
    unit: 'nats',
  },
  loss: {
    label: 'Loss',
    meaning:
      'What a step descends. Advantages add up to 0 within a group and the ratio begins at 1, so it is near 0 at the first step and says little afterwards: look at the reward.',
    unit: 'number',
  },
  kl: {
    label: 'KL',
    meaning:
      'Estimated divergence (k3) of the policy from its reference: the weights it began with, or for distillation the other model.',
    unit: 'nats',
  },
  entropy: {
    label: 'Entropy',
    meaning: 'Mean entropy of the next token: how undecided the policy is while it writes.',
    unit: 'nats',
  },
  'clip_ratio/low_mean': {
    label: 'Clipped below',
    meaning: 'Share of tokens whose ratio is below the range while their advantage is negative.',
    unit: 'share',
  },
  'clip_ratio/high_mean': {
    label: 'Clipped above',
    meaning: 'Share of tokens whose ratio is above the range while their advantage is positive.',
    unit: 'share',
  },
  'clip_ratio/region_mean': {
    label: 'Clipped',
    meaning:
      'Share of tokens that get no gradient because their ratio left the range. For a large model that learns from a small one’s completions this is what makes or breaks it.',
    unit: 'share',
  },
  /** Ours. */
  tokens_with_gradient: {
    label: 'Tokens with gradient',
    meaning: 'How many tokens the step learned from: advantage not 0, not clipped, not masked.',
    unit: 'tokens',
  },
  'sampling/importance_sampling_ratio/mean': {
    label: 'Mean ratio',
    meaning:
      'Mean of p / p_behaviour: 1 while a policy learns from what it has just written itself.',
    unit: 'number',
  },
  'completions/mean_length': {
    label: 'Length',
    meaning: 'Mean tokens of a completion, the one that ends it included.',
    unit: 'tokens',
  },
  'completions/min_length': {
    label: 'Shortest',
    meaning: 'The shortest completion.',
    unit: 'tokens',
  },
  'completions/max_length': {
    label: 'Longest',
    meaning: 'The longest completion.',
    unit: 'tokens',
  },
  'completions/clipped_ratio': {
    label: 'Truncated',
    meaning: 'Share of the completions that ran out of room before they ended.',
    unit: 'share',
  },
  grad_norm: {
    label: 'Gradient norm',
    meaning: 'Length of the whole gradient, before clipping.',
    unit: 'number',
  },
  learning_rate: { label: 'Learning rate', meaning: 'How far this step went.', unit: 'number' },
} as const satisfies Readonly<Record<string, Metric>>;
export type MetricName = keyof typeof METRICS;
/** What could not be measured in a step is left out. */
export type PolicyMetrics = Readonly<Partial<Record<MetricName, number>>>;

/** One completion of a step, as a table shows it. Lists of numbers have an entry for each token. */
export interface ShownCompletion {
  /** Its number among those for its prompt: the last word of its draws' address. */
  readonly sample: number;
  readonly tokens: readonly number[];
  readonly texts: readonly string[];
  /** How many of the first tokens the large model wrote as a hint. */
  readonly hinted: number;
  /** It ran out of room before it ended. */
  readonly truncated: boolean;
  /**
   * Where another model looks on: log p_large - log p_small of each token. Where a policy learns from older weights
   * (inner iterations): log of its ratio. Empty where both are the same.
   */
  readonly logRatios: readonly number[];
  /** Before weighting. */
  readonly parts: Readonly<Partial<Record<RewardPart, number>>>;
  /** What each model's advantage was made of: the weighted sum of the parts that it is rewarded for. */
  readonly rewards: ByPolicy<number>;
  /** Of the whole completion; 0 where it was not kept. */
  readonly advantages: ByPolicy<number>;
  /** Per token, where it is not the same for all of them (on-policy distillation). */
  readonly tokenAdvantages?: readonly number[];
  /** Down-sampling has left it in: it was learned from. */
  readonly kept: boolean;
}

export interface ShownGroup {
  readonly prompt: string;
  /** The right answer, or an example of one; for a regular expression, the expression. */
  readonly expected: string;
  /** Who wrote them. */
  readonly by: PolicyRole;
  readonly completions: readonly ShownCompletion[];
}

/** Share of the held-out problems that were answered right, greedily. */
export interface Accuracy {
  /** Mean reward (correctness), in [0, 1]. */
  readonly accuracy: number;
  readonly problems: number;
  /** 95 % interval (Wilson). */
  readonly low: number;
  readonly high: number;
}

export type PolicyEvent =
  | {
      /** Models and problems are ready. Comes first. */
      readonly type: 'started';
      /** Steps in all, and those that were made before (a training that goes on). */
      readonly steps: number;
      readonly done: number;
      /** Numbers that training changes, of each model that learns. */
      readonly parameters: ByPolicy<number>;
      /** Prompts of a step, completions written for each, and those of them that are learned from. */
      readonly prompts: number;
      readonly samples: number;
      readonly kept: number;
      /** Distinct problems to learn from; absent for a task, which has no end. */
      readonly examples?: number;
      /** Held-out problems, which accuracy is measured on. */
      readonly heldOut: number;
    }
  | {
      /** One step of every model that learns was made. */
      readonly type: 'step';
      /** Steps made, this one included. */
      readonly step: number;
      /**
       * together: from the same completions. continued: the large model alone, from its own, after the steps of both.
       */
      readonly phase: 'together' | 'continued';
      /** Of the models that learned. Before the step, as in TRL. */
      readonly metrics: ByPolicy<PolicyMetrics>;
      /** Tokens that each model wrote in this step. */
      readonly generated: ByPolicy<number>;
      /** TRL's num_tokens: prompts and completions that were learned from so far. */
      readonly tokens: number;
    }
  | {
      /** Some of the completions of the step before, groups whole. The page may forget older ones. */
      readonly type: 'completions';
      readonly step: number;
      readonly groups: readonly ShownGroup[];
    }
  | {
      readonly type: 'evaluated';
      /** Steps made. */
      readonly step: number;
      readonly accuracy: ByPolicy<Accuracy>;
    }
  | {
      /** Somebody changed the learning rate while it ran: from the next step on, at the height of the schedule. */
      readonly type: 'adjusted';
      /** Steps made. */
      readonly step: number;
      readonly role: PolicyRole;
      readonly learningRate: number;
    }
  | {
      /** Memory was short: passes have fewer rows from now on. Results differ by rounding only. */
      readonly type: 'smallerPasses';
      readonly step: number;
      readonly role: PolicyRole;
      /** Rows of a pass. */
      readonly rows: number;
    }
  | {
      /** The browser's store refused the state: the training goes on, and a crash would lose it. */
      readonly type: 'unsaved';
      readonly step: number;
      readonly why: string;
    }
  | {
      /** There is room again. */
      readonly type: 'savedAgain';
      readonly step: number;
    }
  | {
      /**
       * A step was not made, or was taken back: a number was not finite, or the gradient was far above what it had
       * been. All models are at their last good weights.
       */
      readonly type: 'diverged';
      /** The step that was not made. */
      readonly step: number;
      readonly role: PolicyRole;
      readonly what: 'loss' | 'gradient' | 'spike';
      /** Of the gradient: the parameter with the first number that is not finite, or with the largest norm. */
      readonly tensor?: string;
      /** The gradient's norm, and what it was usually; where it is a spike. */
      readonly gradNorm?: number;
      readonly usual?: number;
    }
  | { readonly type: 'trained'; readonly step: number };

/** Where the time went, in milliseconds. The first three are ONNX Runtime's, the next two are our own. */
export interface PolicyTimes {
  /** Writing completions. */
  readonly rollout: number;
  /** Forward passes over what is written: both models' log-probs, the reference's. */
  readonly scoring: number;
  /** Forward and backward passes. */
  readonly backward: number;
  /** Clipping and the optimiser's step. */
  readonly update: number;
  /** Sampling, losses, rewards, advantages, and all other bookkeeping. */
  readonly own: number;
  readonly evaluation: number;
}
