// Whether the browser will keep what was kept: said once, after the first checkpoint. A training keeps one when it
// ends, so this comes at the same moment as what is told of the run; both are told then.

import { heard, type Notice, told } from './store.ts';

const STAYS = {
  yes: 'It is kept in this browser, which has promised not to clear it when it runs short of space.',
  no: 'It is kept in this browser, which may clear it when it runs short of space: export what you want to be sure of.',
} as const;

/** @param before what is told now */
export function stayNotice(stays: boolean, before: Notice): Notice {
  const text = STAYS[stays ? 'yes' : 'no'];
  return { ...told(before.joins === 'end' ? `${before.text} ${text}` : text), joins: 'stay' };
}

/** @param text of a run's end */
export function endNotice(text: string, before: Notice): Notice {
  return before.joins === 'stay'
    ? { ...told(`${text} ${before.text}`), joins: 'end' }
    : { ...heard(text), joins: 'end' };
}
