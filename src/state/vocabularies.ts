// Do the chosen checkpoints speak one language? Asked of the worker as soon as they are chosen, so that what cannot
// work is said beside the choice, before anything is run. The built-in ones share a vocabulary and have no chat template.

import { type ByRole, inOrder, ROLE_NAMES, type Role } from '../core/roles.ts';
import type { Vocabulary } from '../core/vocabulary.ts';
import {
  checkpointTitle,
  isCheckpointId,
  methods,
  ownVocabularyIn,
  rolesIn,
} from '../experiment/catalogue.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { isHere } from './choices.ts';
import type { Desk } from './desk.ts';
import { patch, type Store } from './store.ts';

/** Keeps `vocabularies` filled for the checkpoints that are chosen. */
export function watchVocabularies(store: Store, desk: Pick<Desk, 'send'>): void {
  const asked = new Set<string>();
  const look = () => {
    const { experiment, stored } = store.getState();
    const chosen = [...new Set(rolesIn(experiment).map((role) => experiment[role]))];
    if (chosen.every(isCheckpointId)) return;
    const checkpoints = chosen.filter((id) => !asked.has(id) && isHere(id, stored));
    if (checkpoints.length === 0) return;
    for (const id of checkpoints) asked.add(id);
    desk.send({ type: 'vocabularies', checkpoints }, 'the vocabularies', {
      answered(answer) {
        if (answer.type !== 'vocabularies') return;
        const { vocabularies } = store.getState();
        patch(store, { vocabularies: { ...vocabularies, ...answer.vocabularies } });
      },
      // Loading says what is wrong with it; it may be asked about again.
      refused: () => {
        for (const id of checkpoints) asked.delete(id);
      },
    });
  };
  let seen = store.getState();
  store.subscribe((state) => {
    const same = state.experiment === seen.experiment && state.stored === seen.stored;
    seen = state;
    if (!same) look();
  });
}

/** Who writes: the large model, or the one that there is. */
const writerOf = (roles: readonly Role[]): Role | undefined =>
  roles.includes('large') ? 'large' : roles[0];

/** Can prompts be sent as chat? Undefined while nobody knows. */
export function canChat(
  experiment: Experiment,
  vocabularies: Readonly<Record<string, Vocabulary>>,
): boolean | undefined {
  const writer = writerOf(inOrder(rolesIn(experiment)));
  const id = writer === undefined ? '' : experiment[writer];
  if (isCheckpointId(id)) return false;
  const known = vocabularies[id];
  return known && known.chat === true;
}

/**
 * A sentence for each role whose checkpoint has another vocabulary than the one that writes, though its method wants
 * them to share one; nothing for those that are not known.
 */
export function mismatches(
  experiment: Experiment,
  vocabularies: Readonly<Record<string, Vocabulary>>,
): ByRole<string> {
  if (experiment.mode === 'parameters') return {};
  // Of a comparison of trainings each runs by itself.
  const apart: readonly Experiment[] =
    experiment.mode === 'study'
      ? experiment.study.plans.map((plan) => ({ ...experiment, ...plan, mode: 'train' }))
      : [experiment];
  return Object.assign({}, ...apart.map((one) => mismatchesIn(one, vocabularies)));
}

function mismatchesIn(
  experiment: Experiment,
  vocabularies: Readonly<Record<string, Vocabulary>>,
): ByRole<string> {
  const roles = inOrder(rolesIn(experiment));
  const free = ownVocabularyIn(experiment);
  const writer = writerOf(roles);
  const main = writer && vocabularies[experiment[writer]];
  if (!main) return {};
  const strangers = roles.flatMap((role): [Role, string][] => {
    const own = vocabularies[experiment[role]];
    if (role === writer || free.includes(role) || !own) return [];
    if (own.fingerprint === main.fingerprint) return [];
    return [[role, sentence(experiment, role, own, writer, main)]];
  });
  return Object.fromEntries(strangers);
}

function sentence(
  experiment: Experiment,
  role: Role,
  own: Vocabulary,
  writer: Role,
  main: Vocabulary,
): string {
  const [one, other] = [experiment[role], experiment[writer]].map(checkpointTitle);
  const size = ({ tokens }: Vocabulary) => tokens.toLocaleString('en-US');
  const sizes =
    own.tokens === main.tokens
      ? `${size(own)} tokens each, but different ones`
      : `${size(own)} tokens against ${size(main)}`;
  const choose = `Choose another checkpoint here or as ${ROLE_NAMES[writer]}`;
  const decodes = experiment.mode !== 'train' && experiment.mode !== 'study';
  const searching = decodes ? `, or ${named('weakToStrong')}, which works across vocabularies` : '';
  return `${one} does not share the vocabulary of ${other}: ${sizes}. ${choose}${searching}.`;
}

const named = (method: 'weakToStrong'): string => methods[method].title.toLowerCase();
