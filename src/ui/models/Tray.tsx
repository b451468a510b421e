// What was dropped and is not kept yet: what each file is, what is missing, and what has to be decided.

import { useId, useState } from 'react';
import type { Candidate, KeepChoice, RecognisedFile } from '../../core/dropped.ts';
import { bytes, percent, plural } from '../../state/format.ts';
import { isReady, usualChoice } from '../../state/modelsActions.ts';
import { usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { useModels } from './useModels.ts';

export function Tray() {
  const tray = usePage((state) => state.models.tray);
  const { clearTray } = useModels();
  if (!tray) return null;
  const { candidates, failure, files } = tray;
  return (
    <section aria-labelledby="tray-title">
      <div className="panel-head">
        <h2 id="tray-title">{tray.source ?? 'Dropped'}</h2>
        <span className="fine">{plural(files.length, 'file')}</span>
        <button type="button" className="button quiet" onClick={clearTray}>
          <Icon name="close" />
          Put away
        </button>
      </div>
      {!candidates && !failure && (
        <div role="status">
          <p className="fine">Looking into the files</p>
          <progress aria-label="Looking into the files" />
        </div>
      )}
      {failure && (
        <div className="card error" role="alert">
          <h3>{failure.message}</h3>
          <p>{failure.remedy}</p>
        </div>
      )}
      {candidates?.map((one) => (
        <OnTray key={one.folder} candidate={one} />
      ))}
    </section>
  );
}

function OnTray({ candidate }: { candidate: Candidate }) {
  const keeping = usePage((state) => state.models.keeping[candidate.folder]);
  const failure = usePage((state) => state.models.failures[candidate.folder]);
  const { keep, cancel } = useModels();
  const [choice, setChoice] = useState<KeepChoice>(() => ({
    ...usualChoice(candidate),
    ...(candidate.needsTokenizer && { tokenizer: usualTokenizer(candidate) }),
    ...(candidate.needsContext && { context: 1024 }),
  }));
  const { name, variants, missing } = candidate;
  const chosen = variants.find(({ path }) => path === choice.variant) ?? variants[0];
  const can = variants.length > 0 && missing.length === 0 && (chosen?.missing.length ?? 1) === 0;
  const title = useId();
  return (
    <section className="card candidate" aria-labelledby={title}>
      <h3 id={title}>{name}</h3>
      {missing.map((what) => (
        <p key={what} className="missing">
          {what}
        </p>
      ))}
      {can && <Decisions candidate={candidate} choice={choice} onChoice={setChoice} />}
      {failure && (
        <p className="wrong" role="alert">
          {failure.message} {failure.remedy}
        </p>
      )}
      {keeping ? (
        <div className="keeping" role="status">
          <progress
            aria-label={`Keeping ${choice.name}`}
            {...(keeping.done === undefined ? {} : { value: keeping.done, max: 1 })}
          />
          <span className="fine num">
            {keeping.done === undefined ? 'writing' : percent(keeping.done, 0)}
          </span>
          <button type="button" className="button quiet" onClick={() => cancel(keeping.request)}>
            Cancel
          </button>
        </div>
      ) : (
        can && (
          <div className="actions">
            <button
              type="button"
              className="button primary"
              onClick={() => keep(candidate, choice)}
            >
              Keep in this browser
              {chosen && ` (${bytes(chosen.bytes)})`}
            </button>
          </div>
        )
      )}
      <details open={!isReady(candidate)}>
        <summary className="fine">{plural(candidate.files.length, 'file')}</summary>
        <ul className="recognised">
          {candidate.files.map((file) => (
            <Recognised key={file.path} file={file} />
          ))}
        </ul>
      </details>
    </section>
  );
}

function Recognised({ file }: { file: RecognisedFile }) {
  const { path, role, says, remedy } = file;
  return (
    <li className={role === 'refused' ? 'wrong' : undefined}>
      <span className="mono">{path.slice(path.lastIndexOf('/') + 1)}</span>
      <span>
        {says}
        {remedy && <span className="fine"> {remedy}</span>}
      </span>
      <span className="fine num">{bytes(file.bytes)}</span>
    </li>
  );
}

interface DecisionsProps {
  readonly candidate: Candidate;
  readonly choice: KeepChoice;
  readonly onChoice: (choice: KeepChoice) => void;
}

function Decisions({ candidate, choice, onChoice }: DecisionsProps) {
  const id = useId();
  const { variants, needsTokenizer, needsContext } = candidate;
  return (
    <div className="decisions">
      <label className="field">
        <span>Name</span>
        <input
          type="text"
          maxLength={80}
          value={choice.name}
          onChange={({ target }) => onChoice({ ...choice, name: target.value })}
        />
      </label>
      {variants.length > 1 && (
        <label className="field">
          <span>Numbers</span>
          <select
            value={choice.variant}
            onChange={({ target }) => onChoice({ ...choice, variant: target.value })}
          >
            {variants.map(({ path, type, bytes: size, missing }) => (
              <option key={path} value={path} disabled={missing.length > 0}>
                {type}, {bytes(size)} ({path.slice(path.lastIndexOf('/') + 1)})
                {missing.length > 0 && `: ${missing[0]} is missing`}
              </option>
            ))}
          </select>
        </label>
      )}
      {needsTokenizer && (
        <TokenizerChoice candidate={candidate} choice={choice} onChoice={onChoice} />
      )}
      {needsContext && (
        <div className="field">
          <label htmlFor={`${id}-context`}>Tokens that it can read</label>
          <NumberField
            id={`${id}-context`}
            value={choice.context ?? 1024}
            min={2}
            max={1_000_000}
            step={1}
            onNumber={(context) => onChoice({ ...choice, context })}
          />
          <p className="fine">
            No file says it. More than it was trained for gives an error or nonsense.
          </p>
        </div>
      )}
    </div>
  );
}

const PRINTABLE = `\n${String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i))}`;

/** Every byte needs a token of its own. */
const hasBytes = ({ rows }: Candidate): boolean => rows === undefined || rows >= 256;

const usualTokenizer = (candidate: Candidate): NonNullable<KeepChoice['tokenizer']> =>
  hasBytes(candidate)
    ? { kind: 'bytes' }
    : { kind: 'characters', characters: [...PRINTABLE].slice(0, candidate.rows).join('') };

function TokenizerChoice({ candidate, choice, onChoice }: DecisionsProps) {
  const id = useId();
  const kind = choice.tokenizer?.kind ?? 'bytes';
  const characters =
    choice.tokenizer?.kind === 'characters' ? choice.tokenizer.characters : PRINTABLE;
  return (
    <fieldset className="field">
      <legend>Tokenizer</legend>
      <p className="fine">
        There is none among the files. Drop <code>tokenizer.json</code> too, or let every token be
      </p>
      <div className="segments">
        <label>
          <input
            type="radio"
            name={id}
            checked={kind === 'bytes'}
            disabled={!hasBytes(candidate)}
            onChange={() => onChoice({ ...choice, tokenizer: { kind: 'bytes' } })}
          />
          a byte
        </label>
        <label>
          <input
            type="radio"
            name={id}
            checked={kind === 'characters'}
            onChange={() => onChoice({ ...choice, tokenizer: { kind: 'characters', characters } })}
          />
          a character
        </label>
      </div>
      {!hasBytes(candidate) && (
        <p className="fine">
          There are 256 bytes; this model tells {plural(candidate.rows ?? 0, 'token')} apart.
        </p>
      )}
      {kind === 'characters' && (
        <label>
          <span className="fine">
            The alphabet in the order of the tokens’ numbers,{' '}
            {plural([...characters].length, 'character')}
          </span>
          <textarea
            rows={3}
            value={characters}
            spellCheck={false}
            onChange={({ target }) =>
              onChoice({ ...choice, tokenizer: { kind: 'characters', characters: target.value } })
            }
          />
        </label>
      )}
    </fieldset>
  );
}
