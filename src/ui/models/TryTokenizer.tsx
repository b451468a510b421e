// A text as the tokens of a checkpoint, while it is typed.

import { useEffect, useId, useState } from 'react';
import type { ModelCard } from '../../core/modelCard.ts';
import { plural, visible } from '../../state/format.ts';
import { usePage } from '../app.ts';
import { useModels } from './useModels.ts';

/** After the last key. Milliseconds. */
const PATIENCE = 120;
/** Longer texts are cut for looking at; the number of tokens is of all of it. */
const SHOWN = 400;

export function TryTokenizer({ id, tokenizer }: { id: string; tokenizer: ModelCard['tokenizer'] }) {
  const tried = usePage((state) => state.models.tried);
  const { tokenize } = useModels();
  const [text, setText] = useState('say 42: ');
  const field = useId();
  useEffect(() => {
    const timer = setTimeout(() => tokenize(id, text), PATIENCE);
    return () => clearTimeout(timer);
  }, [id, text, tokenize]);
  const tokens = tried?.tokens ?? [];
  // A token's place is its name.
  const shown = tokens.slice(0, SHOWN).map((token, at) => ({ ...token, at }));
  return (
    <section aria-labelledby={`${field}-title`}>
      <h3 id={`${field}-title`}>Try the tokenizer</h3>
      <label htmlFor={field} className="fine">
        A text, as its {plural(tokenizer.tokens, 'token')} write it
      </label>
      <textarea
        id={field}
        rows={2}
        value={text}
        spellCheck={false}
        onChange={({ target }) => setText(target.value)}
      />
      {tried?.failure ? (
        <p className="wrong" role="alert">
          {tried.failure.message} {tried.failure.remedy}
        </p>
      ) : (
        <>
          <p className="fine" role="status">
            {plural(tokens.length, 'token')}
          </p>
          <ol className="tokens" aria-label="Tokens">
            {shown.map(({ at, id: token, text: piece }) => (
              <li key={at}>
                <span className="mono">{visible(piece) || '∅'}</span>
                <span className="fine num">{token}</span>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
