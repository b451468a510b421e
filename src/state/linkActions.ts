// The link: read when the page opens or its fragment changes, written back when the settings change, and
// copied with a digest of what came out. Reading one sets the controls and starts nothing.

import { digestOf } from '../experiment/digest.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { decode, encode } from '../experiment/link.ts';
import type { Page } from './page.ts';
import { generatedOf, type Run } from './run.ts';
import { heard, patch, type Store, shownRun, told } from './store.ts';

/** Browsers refuse more than some hundred rewrites of the address in half a minute. */
const WRITE_AFTER_MS = 500;

export function linkActions(store: Store, page: Page) {
  let writing: ReturnType<typeof setTimeout> | undefined;

  /** Sets the controls from a fragment. */
  function load(hash: string): void {
    clearTimeout(writing);
    const { experiment, problems, digest } = decode(hash);
    const { knobs } = store.getState();
    patch(store, {
      experiment,
      elsewhere: undefined,
      knobs: { ...knobs, [experiment.method]: experiment.params },
      nextExample: 0,
      linkProblems: problems,
      link: { of: encode(experiment), ...(digest === undefined ? {} : { digest }) },
      notice: told(opened(experiment, problems.length, digest !== undefined)),
    });
  }

  function write(): void {
    try {
      page.replaceHash(encode(store.getState().experiment));
    } catch {
      // The address stays behind until the next change; Copy link is always right.
    }
  }

  /** From now on the address follows the settings, and the settings a changed address. */
  function follow(): void {
    if (page.hash().length > 1) load(page.hash());
    page.onHashChange(() => load(page.hash()));
    store.subscribe((state, before) => {
      const changed =
        state.experiment !== before.experiment || state.runs.length > before.runs.length;
      if (!changed) return;
      clearTimeout(writing);
      // An opened link stays as it is, digest and all, for as long as it says what the controls say.
      if (state.link?.of !== encode(state.experiment)) writing = setTimeout(write, WRITE_AFTER_MS);
    });
  }

  async function share(): Promise<void> {
    const state = store.getState();
    const tokens = finishedTokens(shownRun(state), state.experiment);
    const link = page.address() + encode(state.experiment, tokens && digestOf(tokens));
    try {
      await page.copy(link);
      const notice = tokens
        ? 'Link copied, with a digest of the tokens: whoever runs it sees whether theirs are the same.'
        : 'Link to these settings copied.';
      patch(store, { notice: told(notice) });
    } catch {
      patch(store, {
        linkToCopy: link,
        notice: heard('The clipboard is closed: copy the link by hand.'),
      });
    }
  }

  /** Copies a text; says whether that was possible. */
  const copy = (text: string): Promise<boolean> =>
    page.copy(text).then(
      () => true,
      () => false,
    );

  const dismissLink = (): void => patch(store, { linkProblems: [] });
  const closeLinkToCopy = (): void => patch(store, { linkToCopy: undefined });

  return { load, follow, share, copy, dismissLink, closeLinkToCopy };
}

/** Tokens of the run on the stage, when it is a finished run of just these settings. */
function finishedTokens(run: Run | undefined, experiment: Experiment) {
  if (run?.status !== 'completed' || encode(run.experiment) !== encode(experiment))
    return undefined;
  return generatedOf(run)?.tokens;
}

function opened({ mode }: Experiment, problems: number, digest: boolean): string {
  if (problems > 0) return 'The link was opened, but not all of it could be read.';
  if (mode === 'parameters') return 'The link was opened; the dials are where it says.';
  if (mode === 'study')
    return 'The link was opened. Press Run for the trainings that are not here yet.';
  return digest
    ? 'The link was opened. Press Run to see whether you get the same tokens.'
    : 'The link was opened. Press Run to repeat it.';
}
