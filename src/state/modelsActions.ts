// What can be done in the place for checkpoints: take files in, look at what they are, keep them, and look at one that
// is kept. Comes with the place, not with the page. What is fetched from a server: hubActions.ts.

import type { Candidate, DroppedFile, KeepChoice } from '../core/dropped.ts';
import { toFailure } from '../core/errors.ts';
import type { PortRoles } from '../core/modelCard.ts';
import { ROLES, type Role } from '../core/roles.ts';
import { sameContent } from '../experiment/names.ts';
import type { App } from './app.ts';
import { hubActions } from './hubActions.ts';
import type { ModelsState, Tray } from './modelsState.ts';
import { heard, patch, told } from './store.ts';

export function modelsActions(app: Pick<App, 'store' | 'desk' | 'page' | 'actions'>) {
  const { store, desk } = app;
  const now = (): ModelsState => store.getState().models;
  const change = (news: { readonly [K in keyof ModelsState]?: ModelsState[K] | undefined }) => {
    const entries = Object.entries({ ...now(), ...news }).filter(
      ([, value]) => value !== undefined,
    );
    patch(store, { models: Object.fromEntries(entries) as unknown as ModelsState });
  };

  /** Files come in; they join what is on the tray already, and one with the same path takes its place. */
  function take(files: readonly DroppedFile[], from: Pick<Tray, 'source' | 'download'> = {}): void {
    if (files.length === 0) return;
    const { tray } = now();
    // What came from a server is a whole by itself.
    const alone = from.source !== undefined || tray?.source !== undefined;
    const before = alone ? [] : (tray?.files ?? []);
    const paths = new Set(files.map(({ path }) => path));
    const all = [...before.filter(({ path }) => !paths.has(path)), ...files];
    patch(store, { elsewhere: 'models' });
    look({ files: all, ...from });
  }

  function look(tray: Tray): void {
    const { candidates: _, failure: __, ...rest } = tray;
    change({ tray: rest, failures: {} });
    const current = () => now().tray?.files === rest.files;
    desk.send({ type: 'look', files: rest.files }, 'what was dropped', {
      answered(answer) {
        if (answer.type !== 'looked' || !current()) return;
        const { candidates } = answer;
        change({ tray: { ...rest, candidates } });
        patch(store, { notice: heard(sayWhat(candidates)) });
        const [only] = candidates;
        // What was fetched was wanted: whole, it needs no more words.
        if (rest.source !== undefined && candidates.length === 1 && only && isReady(only)) {
          keep(only, usualChoice(only));
        }
      },
      refused(failure) {
        if (current()) change({ tray: { ...rest, failure } });
      },
    });
  }

  /** Into the browser, under its name. */
  function keep(candidate: Candidate, choice: KeepChoice): void {
    const { tray } = now();
    if (!tray) return;
    const { folder } = candidate;
    const { files, source, download } = tray;
    const settled = () => {
      const { [folder]: _, ...keeping } = now().keeping;
      change({ keeping });
    };
    const request = desk.send(
      {
        type: 'keepFiles',
        files,
        folder,
        choice: { ...choice, ...(source !== undefined && { source }) },
        ...(download !== undefined && { download }),
      },
      choice.name,
      {
        answered(answer) {
          if (answer.type !== 'checkpointKept') return;
          settled();
          putAway(candidate);
          const { checkpoint, unsaved } = answer;
          const where = unsaved
            ? `${checkpoint.name} is in memory only, gone with this tab: ${unsaved.message}`
            : `${checkpoint.name} is kept in this browser.`;
          patch(store, { notice: told(`${where} The card says what can be done with it.`) });
          show(checkpoint.id);
        },
        progress(done) {
          change({ keeping: { ...now().keeping, [folder]: { request, done } } });
        },
        refused(failure) {
          settled();
          change({ failures: { ...now().failures, [folder]: failure } });
        },
        cancelled() {
          settled();
          patch(store, { notice: told(`${choice.name} was not kept.`) });
        },
      },
    );
    const { [folder]: _, ...failures } = now().failures;
    change({ failures, keeping: { ...now().keeping, [folder]: { request } } });
  }

  /** Off the tray; the files themselves are where they were. */
  function putAway({ files: gone }: Pick<Candidate, 'files'>): void {
    const { tray } = now();
    if (!tray) return;
    const paths = new Set(gone.map(({ path }) => path));
    const files = tray.files.filter(({ path }) => !paths.has(path));
    const candidates = tray.candidates?.filter(({ files: own }) => own !== gone) ?? [];
    change({
      tray: files.length > 0 && candidates.length > 0 ? { ...tray, files, candidates } : undefined,
    });
  }
  const clearTray = (): void => change({ tray: undefined, failures: {} });

  /** A checkpoint's card. */
  function show(id: string): void {
    const { card } = now();
    if (card?.id !== id || card.state === 'failed') read(id);
  }

  function read(id: string): void {
    const { experiment, stored } = store.getState();
    const here = ROLES.map((role) => experiment[role]);
    const others = [...new Set([...here, ...(stored?.checkpoints ?? []).map((one) => one.id)])];
    const current = () => now().card?.id === id;
    change({ card: { id, state: 'reading' }, tried: undefined, portsFailure: undefined });
    desk.send(
      { type: 'card', checkpoint: id, others: others.filter((other) => !sameContent(other, id)) },
      'the card',
      {
        answered(answer) {
          if (answer.type !== 'card' || !current()) return;
          const { card: read, preflight } = answer;
          change({ card: { id, state: 'read', card: read, preflight } });
        },
        refused(failure) {
          if (current()) change({ card: { id, state: 'failed', failure } });
        },
      },
    );
  }
  const closeCard = (): void => change({ card: undefined, tried: undefined });

  /**
   * A text as the tokens of the checkpoint that is looked at.
   * @param system given, even if empty: as chat
   */
  function tokenize(id: string, text: string, system?: string): void {
    const { tried: before } = now();
    const asked = { text, ...(system !== undefined && { system }) };
    const same = (before?.system === undefined) === (system === undefined);
    const { failure: _, ...shown } = (same && before) || {};
    change({ tried: { ...shown, ...asked } });
    const current = () => {
      const { card, tried } = now();
      return card?.id === id && tried?.text === text && tried.system === system;
    };
    desk.send({ type: 'tokenize', checkpoint: id, ...asked }, 'the tokens', {
      answered(answer) {
        if (answer.type !== 'tokenized' || !current()) return;
        const { tokens, rendered } = answer;
        change({ tried: { ...asked, tokens, ...(rendered !== undefined && { rendered }) } });
      },
      refused(failure) {
        if (current()) change({ tried: { ...asked, failure } });
      },
    });
  }

  /** Which input and output is which; undefined: as it is found by itself. */
  function setPorts(id: string, ports: PortRoles | undefined): void {
    const current = () => now().card?.id === id;
    change({ portsFailure: undefined });
    desk.send({ type: 'setPorts', checkpoint: id, ...(ports && { ports }) }, 'the graph', {
      answered() {
        if (current()) read(id);
      },
      refused(portsFailure) {
        if (current()) change({ portsFailure });
      },
    });
  }

  /** Asks the browser not to clear what is kept. */
  async function stay(): Promise<void> {
    const stays = await app.page.stay();
    patch(store, {
      notice: told(
        stays
          ? 'The browser keeps what is stored, also when it runs short of space.'
          : 'The browser did not promise to keep it: it may clear what is stored when it runs short of space. Export what you want to be sure of.',
      ),
    });
    app.actions.refresh();
  }

  const cancel = (request: number): void => desk.cancel(request);
  const use = (id: string, role: Role, mode: 'generate' | 'train'): void =>
    app.actions.use(id, role, mode);
  const fail = (error: unknown) => change({ hubFailure: toFailure(error) });

  return {
    take,
    keep,
    putAway,
    clearTray,
    show,
    closeCard,
    tokenize,
    setPorts,
    stay,
    cancel,
    use,
    ...hubActions({ ...app, now, change, take, fail }),
  };
}
export type ModelsActions = ReturnType<typeof modelsActions>;

/** Nothing is left to be decided. */
export const isReady = ({ variants, missing, needsTokenizer, needsContext }: Candidate): boolean =>
  variants.length > 0 && missing.length === 0 && !needsTokenizer && !needsContext;

export const usualChoice = ({ name, variants }: Candidate): KeepChoice => ({
  name,
  variant: variants[0]?.path ?? '',
});

function sayWhat(candidates: readonly Candidate[]): string {
  const said = candidates.map(({ name, variants, missing }) =>
    variants.length > 0 && missing.length === 0
      ? `${name} is a checkpoint.`
      : `${name}: ${missing[0] ?? 'no checkpoint.'}`,
  );
  return said.join(' ');
}
