// Who plays a part when what is asked changes: a checkpoint that somebody has chosen stays, any other is the usual one.

import { ROLES, type Role } from '../core/roles.ts';
import { defaultCheckpoint } from './cast.ts';
import { rolesOf } from './contenders.ts';
import type { Experiment } from './experiment.ts';

type Asked = Pick<Experiment, 'mode' | 'method' | 'contenders' | 'task'>;

/** The usual checkpoint of every role; of several contenders, the first that needs the role decides. */
export function usualCast(asked: Asked): Readonly<Record<Role, string>> {
  const { mode, method, contenders, task } = asked;
  const methodFor = (role: Role) =>
    mode !== 'evaluate'
      ? method
      : (contenders.find((one) => rolesOf(one).includes(role)) ?? contenders[0])?.method;
  const cast = ROLES.map((role) => [
    role,
    defaultCheckpoint(role, methodFor(role) ?? 'bild', task),
  ]);
  return Object.fromEntries(cast) as Record<Role, string>;
}

/** `after`, with other methods or another task, in which every checkpoint that nobody had chosen is the usual one again. */
export function recast(before: Experiment, after: Experiment): Experiment {
  const usual = usualCast(before);
  const next = usualCast(after);
  const changed = ROLES.filter((role) => after[role] === usual[role]);
  return { ...after, ...Object.fromEntries(changed.map((role) => [role, next[role]])) };
}
