// Which built-in checkpoint plays a role until somebody chooses another. It depends on the method and the task:
// an expert is an expert at something.

import { type ByRole, ROLES, type Role } from '../core/roles.ts';
import type { BuiltinId } from '../models/manifest.ts';
import type { TaskId } from '../tasks/index.ts';
import type { MethodId } from './experiment.ts';

interface Rule {
  /** Only with these; absent: with all. */
  readonly methods?: readonly MethodId[];
  readonly tasks?: readonly TaskId[];
  readonly cast: ByRole<BuiltinId>;
}

/** Experts by task; of the other tasks there are two more for whoever wants several. */
const experts = {
  numberWords: ['small-number-words', 'small-addition', 'small-reverse'],
  addition: ['small-addition', 'small-number-words', 'small-sort-numbers'],
  sortNumbers: ['small-sort-numbers', 'small-reverse', 'small-addition'],
  reverse: ['small-reverse', 'small-sort-numbers', 'small-number-words'],
  reviews: ['small-reviews-praise', 'small-number-words', 'small-reverse'],
} as const satisfies Record<TaskId, readonly [BuiltinId, BuiltinId, BuiltinId]>;

/** What is steered or searched has not been tuned itself, and neither has what the experts are compared with. */
const STEERING: readonly MethodId[] = [
  'dynamicFusion',
  'proxyTuning',
  'emulatedFineTuning',
  'dExperts',
  'contrastiveDecoding',
  'weakToStrong',
  'bestOfN',
];

/** The last rule that applies and names the role decides. */
const rules: readonly [{ readonly cast: Readonly<Record<Role, BuiltinId>> }, ...Rule[]] = [
  {
    cast: {
      small: 'base-small',
      large: 'large-tuned',
      expert: 'small-number-words',
      expert2: 'small-addition',
      expert3: 'small-reverse',
      antiExpert: 'base-small',
      tuned: 'small-number-words',
      untuned: 'base-small',
    },
  },
  ...(Object.keys(experts) as TaskId[]).map((task): Rule => {
    const [expert, expert2, expert3] = experts[task];
    return { tasks: [task], cast: { small: expert, expert, expert2, expert3, tuned: expert } };
  }),
  { tasks: ['numberWords'], cast: { small: 'small-number-words-aligned' } },
  { methods: STEERING, cast: { small: 'base-small', large: 'base-large' } },
  {
    methods: ['sft', 'grpo', 'codistillGrpo', 'onPolicyDistillation'],
    cast: { small: 'base-small', large: 'base-large' },
  },
];

export function defaultCheckpoint(role: Role, method: MethodId, task: TaskId): BuiltinId {
  const applies = ({ methods, tasks }: Rule) =>
    (methods?.includes(method) ?? true) && (tasks?.includes(task) ?? true);
  const rule = rules.findLast((one: Rule) => one.cast[role] !== undefined && applies(one));
  return rule?.cast[role] ?? rules[0].cast[role];
}

/** A checkpoint for every role. */
export const defaultCast = (method: MethodId, task: TaskId): Readonly<Record<Role, BuiltinId>> =>
  Object.fromEntries(
    ROLES.map((role) => [role, defaultCheckpoint(role, method, task)]),
  ) as Readonly<Record<Role, BuiltinId>>;
