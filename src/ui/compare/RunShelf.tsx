// All runs that stay in this browser: to open again, name, pin, delete, compare, export; and those of a file, imported.

import { useRef, useState } from 'react';
import { parseRunId } from '../../experiment/names.ts';
import { boundText, experimentOf, type KeptRow, keptRows } from '../../state/keptRows.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { NameField } from '../parts/NameField.tsx';
import { RowActions } from '../parts/RowActions.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import { Trash } from '../parts/Trash.tsx';
import { RunComparison } from './RunComparison.tsx';
import { useCompare } from './useCompare.ts';
import './runShelf.css';

/** Rows shown before one asks for more. */
const PAGE = 20;
/** Columns that can be read beside each other. */
const MOST_COMPARED = 6;
/** Trainings are laid over each other: several seeds of several kinds. */
const MOST_OVERLAID = 40;

/** A run under whatever name it has now. */
const keyOf = (id: string): string => parseRunId(id)?.sha256 ?? id;

export function RunShelf() {
  const runs = usePage((state) => state.stored?.runs);
  const where = usePage((state) => state.stored?.where);
  const why = usePage((state) => state.stored?.why);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [compared, setCompared] = useState<readonly string[]>([]);
  const [limit, setLimit] = useState(PAGE);
  if (!runs) return null;
  const rows = keptRows(runs);
  const here = rows.filter(({ run }) => chosen.includes(keyOf(run.id)));
  const beside = rows.filter(({ run }) => compared.includes(keyOf(run.id)));
  const choose = (id: string, on: boolean) => {
    const key = keyOf(id);
    setChosen((before) => (on ? [...before, key] : before.filter((other) => other !== key)));
  };
  return (
    <section className="run-shelf" aria-labelledby="kept-runs-title">
      <div className="panel-head">
        <h2 id="kept-runs-title">Runs</h2>
        <span className="fine">{rows.length > 0 && boundText(runs)}</span>
        <Import />
      </div>
      <ImportFailure />
      {where === 'memory' && <p className="fine">In memory only, gone with this tab. {why}</p>}
      {rows.length === 0 ? (
        <p className="fine nothing-kept">
          No run is kept yet. Every run that ends is kept here, from all places: it can be named,
          pinned, opened again, set beside others and exported. A file of exported runs can be
          imported.
        </p>
      ) : (
        <>
          <Chosen
            rows={here}
            onCompare={() => setCompared(here.map(({ run }) => keyOf(run.id)))}
            onClear={() => setChosen([])}
          />
          <Scroller label="Kept runs">
            <table className="kept-runs">
              <thead>
                <tr>
                  <th scope="col">
                    <span className="unseen">Choose</span>
                  </th>
                  <th scope="col">Name</th>
                  <th scope="col">Method and settings</th>
                  <th scope="col" className="right">
                    Result
                  </th>
                  <th scope="col" className="right">
                    Speed
                  </th>
                  <th scope="col" className="right">
                    Speed-up
                  </th>
                  <th scope="col">
                    <span className="unseen">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.slice(0, limit).map((row) => (
                  <Row
                    key={keyOf(row.run.id)}
                    row={row}
                    chosen={chosen.includes(keyOf(row.run.id))}
                    onChoose={(on) => choose(row.run.id, on)}
                  />
                ))}
              </tbody>
            </table>
          </Scroller>
          {rows.length > limit && (
            <button
              type="button"
              className="button quiet"
              onClick={() => setLimit(limit + 2 * PAGE)}
            >
              Show more of {rows.length - limit}
            </button>
          )}
        </>
      )}
      <Trash of="runs" />
      {beside.length > 1 && <RunComparison rows={beside} onClose={() => setCompared([])} />}
    </section>
  );
}

interface RowProps {
  readonly row: KeptRow;
  readonly chosen: boolean;
  readonly onChoose: (on: boolean) => void;
}

function Row({ row: { run, ...row }, chosen, onChoose }: RowProps) {
  const { openRun, pin } = useCompare();
  const shown = usePage(({ runs, viewed }) => {
    const kept = runs.find(({ id }) => id === viewed)?.kept;
    return kept !== undefined && keyOf(kept) === keyOf(run.id);
  });
  const { id, name, pinned, outcome, result } = run;
  return (
    <tr aria-current={shown}>
      <td>
        <input
          type="checkbox"
          checked={chosen}
          onChange={({ target }) => onChoose(target.checked)}
          aria-label={`Choose ${name}`}
        />
      </td>
      <th scope="row">
        <NameField id={id} name={name} />
        <span className="fine num when">
          {row.when}
          {run.temporary && ' in memory only'}
        </span>
      </th>
      <td>
        {row.method} <span className="fine">{row.settings}</span>
        <span className="fine input">{row.input}</span>
      </td>
      <td className="number">{outcome === 'completed' ? result : `${result} ${outcome}`}</td>
      <td className="number">{run.speed}</td>
      <td className="number">{run.speedUp}</td>
      <RowActions id={id} name={name}>
        <button
          type="button"
          className="button quiet"
          onClick={() => void openRun(id)}
          aria-label={`Open ${name}`}
        >
          Open
        </button>
        <button
          type="button"
          className="button bare icon"
          aria-pressed={pinned}
          onClick={() => pin(id, !pinned)}
          aria-label={`Pin ${name}`}
          title={pinned ? 'Pinned: it does not give way to newer ones' : 'Keep it for good'}
        >
          <Icon name={pinned ? 'pinned' : 'pin'} />
        </button>
      </RowActions>
    </tr>
  );
}

interface ChosenProps {
  readonly rows: readonly KeptRow[];
  readonly onCompare: () => void;
  readonly onClear: () => void;
}

/** What can be done with several at once. */
function Chosen({ rows, onCompare, onClear }: ChosenProps) {
  const { exportRuns, exportCsv } = useCompare();
  const { remove } = useActions();
  const ids = rows.map(({ run }) => run.id);
  const none = ids.length === 0;
  const overlaid = rows.every(({ run }) => experimentOf(run).mode === 'train');
  const most = overlaid ? MOST_OVERLAID : MOST_COMPARED;
  const comparable = ids.length > 1 && ids.length <= most;
  return (
    <fieldset className="chosen" aria-label="With the chosen runs">
      <span className="fine num">
        {none ? 'Choose runs to compare or export them.' : `${ids.length} chosen`}
      </span>
      <button
        type="button"
        className="button quiet"
        disabled={!comparable}
        title={
          comparable
            ? 'Beside each other'
            : `From 2 to ${MOST_COMPARED} runs, or ${MOST_OVERLAID} trainings`
        }
        onClick={onCompare}
      >
        Compare
      </button>
      <button
        type="button"
        className="button quiet"
        disabled={none}
        title="Settings and every event; can be imported again"
        onClick={() => exportRuns(ids)}
      >
        <Icon name="save" />
        JSON Lines
      </button>
      <button
        type="button"
        className="button quiet"
        disabled={none}
        title="A table for other programs"
        onClick={() => void exportCsv(ids)}
      >
        <Icon name="save" />
        CSV
      </button>
      <button
        type="button"
        className="button quiet"
        disabled={none}
        onClick={() => {
          for (const { run } of rows) remove(run.id, run.name);
          onClear();
        }}
      >
        <Icon name="bin" />
        Delete
      </button>
      {!none && (
        <button type="button" className="button quiet bare" onClick={onClear}>
          Choose none
        </button>
      )}
    </fieldset>
  );
}

function Import() {
  const { importRuns } = useCompare();
  const reading = usePage(({ waiting }) =>
    Object.values(waiting).find(({ type }) => type === 'readRuns'),
  );
  const input = useRef<HTMLInputElement>(null);
  return (
    <span className="import">
      {reading && (
        <progress
          aria-label={`Reading ${reading.what}`}
          {...(reading.done === undefined ? {} : { value: reading.done, max: 1 })}
        />
      )}
      <button type="button" className="button quiet" onClick={() => input.current?.click()}>
        <Icon name="open" />
        Import runs
      </button>
      <input
        ref={input}
        type="file"
        className="unseen"
        accept=".jsonl,.json,.ndjson,.txt,application/jsonl,text/plain"
        aria-label="File with runs"
        tabIndex={-1}
        onChange={({ target }) => {
          const [file] = target.files ?? [];
          if (file) importRuns(file.name, file);
          target.value = '';
        }}
      />
    </span>
  );
}

function ImportFailure() {
  const failure = usePage((state) => state.importFailure);
  const { dismissImport } = useCompare();
  if (!failure) return null;
  return (
    <div className="card error" role="alert">
      <h3>{failure.message}</h3>
      <p>{failure.remedy} Nothing was imported.</p>
      <button
        type="button"
        className="button bare icon dismiss"
        onClick={dismissImport}
        aria-label="Dismiss"
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
