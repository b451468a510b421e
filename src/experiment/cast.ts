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

/** The last rule that applies and names the role decides. */
const rules: readonly [{ readonly cast: Readonly<Record<Role, BuiltinId>> }, ...Rule[]] = [
  {
    cast: {
      small: 'tiny-small',
      large: 'tiny-large',
      expert: 'tiny-small',
      expert2: 'tiny-small',
      expert3: 'tiny-small',
      antiExpert: 'tiny-small',
      tuned: 'tiny-small',
      untuned: 'tiny-small',
    },
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
