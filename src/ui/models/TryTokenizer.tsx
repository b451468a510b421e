// A text as the tokens of a checkpoint, while it is typed: as it is, or as its chat template puts it.

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
  const [chat, setChat] = useState(tokenizer.chatTemplate);
  const [system, setSystem] = useState('');
  const field = useId();
  useEffect(() => {
    const timer = setTimeout(() => tokenize(id, text, chat ? system : undefined), PATIENCE);
    return () => clearTimeout(timer);
  }, [id, text, chat, system, tokenize]);
  const tokens = tried?.tokens ?? [];
  // A token's place is its name.
  const shown = tokens.slice(0, SHOWN).map((token, at) => ({ ...token, at }));
  return (
    <section aria-labelledby={`${field}-title`}>
      <div className="panel-head">
        <h3 id={`${field}-title`}>Try the tokenizer</h3>
        {tokenizer.chatTemplate && (
          <div className="segments" role="radiogroup" aria-label="The text">
            {[false, true].map((one) => (
              <label key={String(one)}>
                <input
                  type="radio"
                  name={`${field}-form`}
                  checked={chat === one}
                  onChange={() => setChat(one)}
                />
                {one ? 'As chat' : 'As it is'}
              </label>
            ))}
          </div>
        )}
      </div>
      {chat && (
        <>
          <label htmlFor={`${field}-system`} className="fine">
            System, what is said before
          </label>
          <textarea
            id={`${field}-system`}
            rows={1}
            value={system}
            spellCheck={false}
            onChange={({ target }) => setSystem(target.value)}
          />
        </>
      )}
      <label htmlFor={field} className="fine">
        {chat
          ? 'User, what is to be answered'
          : `A text, as its ${plural(tokenizer.tokens, 'token')} write it`}
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
          {chat && tried?.rendered !== undefined && (
            <figure className="rendered">
              <figcaption className="fine">What the model reads, up to its answer</figcaption>
              <pre>{tried.rendered}</pre>
            </figure>
          )}
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
