// A model from a server: its address is typed, its files are shown, and what is chosen is fetched, file by file.

import { useId, useState } from 'react';
import { DEFAULT_HUB, showHubAddress } from '../../core/hubAddress.ts';
import { bytes, plural } from '../../state/format.ts';
import { choicesOnHub } from '../../state/hubChoices.ts';
import type { HubState } from '../../state/modelsState.ts';
import { usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import { useModels } from './useModels.ts';

export function HubForm() {
  const hub = usePage((state) => state.models.hub);
  const failure = usePage((state) => state.models.hubFailure);
  const base = usePage((state) => state.preferences.hub);
  const { list, closeHub } = useModels();
  const [typed, setTyped] = useState('');
  const id = useId();
  const host = base.replace(/^https?:\/\//, '');
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Or from a server</h2>
      <form
        className="hub"
        onSubmit={(event) => {
          event.preventDefault();
          void list(typed);
        }}
      >
        <label htmlFor={`${id}-address`} className="unseen">
          Address of a model
        </label>
        <input
          id={`${id}-address`}
          type="text"
          value={typed}
          placeholder="org/name, org/name@revision or https://…"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          onChange={({ target }) => setTyped(target.value)}
          aria-describedby={`${id}-note`}
        />
        <button
          type="submit"
          className="button"
          disabled={typed.trim() === '' || hub?.state === 'fetching'}
        >
          Show files
        </button>
      </form>
      <p className="fine" id={`${id}-note`}>
        Names are looked for at {host}. Nothing is asked for before you press the button; then this
        page talks to that server, and to nobody else.
      </p>
      <Server base={base} />
      {failure && (
        <p className="wrong" role="alert">
          {failure.message} {failure.remedy}
        </p>
      )}
      {hub?.state === 'listing' && (
        <div className="keeping" role="status">
          <progress aria-label="Asking the server" />
          <span className="fine">Asking for {showHubAddress(hub.address)}</span>
          <button type="button" className="button quiet" onClick={closeHub}>
            Cancel
          </button>
        </div>
      )}
      {hub?.state === 'listed' && <Listed hub={hub} />}
      {hub?.state === 'fetching' && <Fetching hub={hub} />}
    </section>
  );
}

function Server({ base }: { base: string }) {
  const { setHub } = useModels();
  const [typed, setTyped] = useState(base);
  return (
    <details>
      <summary className="fine">Another server</summary>
      <form
        className="hub"
        onSubmit={(event) => {
          event.preventDefault();
          if (setHub(typed) && typed.trim() === '') setTyped(DEFAULT_HUB);
        }}
      >
        <input
          type="text"
          aria-label="Server of models"
          value={typed}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          onChange={({ target }) => setTyped(target.value)}
        />
        <button
          type="submit"
          className="button"
          disabled={typed.trim().replace(/\/+$/, '') === base}
        >
          Use it
        </button>
      </form>
      <p className="fine">
        Any server with Hugging Face’s layout: BASE/org/name/resolve/revision/file. It must let
        other pages read from it (CORS).
      </p>
    </details>
  );
}

function Listed({ hub }: { hub: Extract<HubState, { state: 'listed' }> }) {
  const { fetchFiles, closeHub } = useModels();
  const choices = choicesOnHub(hub.files);
  const [wanted, setWanted] = useState(choices[0]?.path ?? '');
  const chosen = choices.find(({ path }) => path === wanted) ?? choices[0];
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <h3 id={id}>{showHubAddress(hub.address)}</h3>
      {chosen ? (
        <>
          <label className="field">
            <span>Numbers</span>
            <select value={chosen.path} onChange={({ target }) => setWanted(target.value)}>
              {choices.map(({ path, type, bytes: size }) => (
                <option key={path} value={path}>
                  {type}
                  {size !== undefined && `, ${bytes(size)}`} ({path})
                </option>
              ))}
            </select>
          </label>
          <p className="fine">
            {plural(chosen.files.length, 'file')}: {chosen.files.map(({ path }) => path).join(', ')}
          </p>
        </>
      ) : (
        <p>
          No ONNX model and no safetensors are among its {plural(hub.files.length, 'file')}. Look
          for an ONNX export of it.
        </p>
      )}
      <div className="actions">
        {chosen && (
          <button
            type="button"
            className="button primary"
            onClick={() => void fetchFiles(hub.address, chosen.files)}
          >
            <Icon name="save" />
            Download{chosen.bytes === undefined ? '' : ` ${bytes(chosen.bytes)}`}
          </button>
        )}
        <button type="button" className="button" onClick={closeHub}>
          Close
        </button>
      </div>
    </section>
  );
}

const STATE = {
  waiting: 'waiting',
  loading: 'loading',
  checking: 'checking',
  done: 'here',
} as const;

function Fetching({ hub }: { hub: Extract<HubState, { state: 'fetching' }> }) {
  const { closeHub } = useModels();
  const { fetched, address } = hub;
  const loaded = fetched.reduce((sum, file) => sum + file.loaded, 0);
  const totals = fetched.map(({ total }) => total);
  const total = totals.every((size) => size !== undefined)
    ? totals.reduce((sum: number, size) => sum + (size ?? 0), 0)
    : undefined;
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <h3 id={id}>Downloading {showHubAddress(address)}</h3>
      <div className="keeping" role="status">
        <progress
          aria-label="Download"
          {...(total === undefined || total === 0 ? {} : { value: loaded, max: total })}
        />
        <span className="fine num">
          {bytes(loaded)}
          {total !== undefined && ` of ${bytes(total)}`}
        </span>
        <button type="button" className="button quiet" onClick={closeHub}>
          Cancel
        </button>
      </div>
      <Scroller label="Files of the download">
        <table>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col" className="right">
                Here
              </th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {fetched.map((file) => (
              <tr key={file.path}>
                <th scope="row" className="mono">
                  {file.path}
                </th>
                <td className="number">
                  {bytes(file.loaded)}
                  {file.total !== undefined && ` of ${bytes(file.total)}`}
                </td>
                <td>
                  {STATE[file.state]}
                  {file.checked && ', checksum right'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </section>
  );
}
