// What an opened link said that could not be used, and a link that must be copied by hand.

import { useEffect, useRef } from 'react';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import './messages.css';

export function LinkProblems() {
  const problems = usePage((state) => state.linkProblems);
  const { dismissLink } = useActions();
  if (problems.length === 0) return null;
  return (
    <section className="card notice" role="status" aria-label="Link">
      <h2>
        {problems.length === 1
          ? 'One thing in the link was ignored'
          : `${problems.length} things in the link were ignored`}
      </h2>
      <ul>
        {problems.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
      <button
        type="button"
        className="button bare icon dismiss"
        onClick={dismissLink}
        aria-label="Dismiss"
      >
        <Icon name="close" />
      </button>
    </section>
  );
}

export function LinkToCopy() {
  const link = usePage((state) => state.linkToCopy);
  const { closeLinkToCopy } = useActions();
  const sheet = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (link !== undefined) sheet.current?.showModal();
  }, [link]);
  return (
    <dialog ref={sheet} className="sheet" aria-labelledby="link-title" onClose={closeLinkToCopy}>
      <h2 id="link-title">Copy the link</h2>
      <p>The browser did not let the page use the clipboard. The link is selected: copy it.</p>
      <textarea
        readOnly
        rows={4}
        value={link ?? ''}
        aria-label="Link"
        onFocus={({ target }) => target.select()}
      />
      <form method="dialog">
        <button type="submit" className="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
