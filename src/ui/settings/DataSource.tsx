// What a training learns from: a task's own examples, or a file of the visitor's.

import { useRef, useState } from 'react';
import { learnsByReward, methods, takesFiles } from '../../experiment/catalogue.ts';
import { bytes, percent, plural, quantity } from '../../state/format.ts';
import type { DataReport } from '../../state/store.ts';
import { useActions, usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { Knob } from './Knobs.tsx';
import './data.css';

export function DataSource() {
  const method = usePage((state) => state.experiment.method);
  const data = usePage((state) => state.experiment.data);
  const { chooseData } = useActions();
  const [wanted, setWanted] = useState(data !== 'task');
  const own = wanted || data !== 'task';
  const questions = learnsByReward(method);
  if (!takesFiles(method)) return null;
  return (
    <fieldset className="data">
      <legend className="legend">{questions ? 'Problems' : 'Examples'}</legend>
      <div className="segments">
        <label>
          <input
            type="radio"
            name="data"
            checked={!own}
            onChange={() => {
              setWanted(false);
              chooseData('task');
            }}
          />
          From the task
        </label>
        <label>
          <input type="radio" name="data" checked={own} onChange={() => setWanted(true)} />
          Your own file
        </label>
      </div>
      {own && <DataFile id={data} questions={questions} />}
      {own && questions && <Checker />}
    </fieldset>
  );
}

/** What makes an answer right. */
function Checker() {
  const { method, params, mode } = usePage((state) => state.experiment);
  const { setParam } = useActions();
  const spec = methods[method].params.checker;
  // What is compared has a checker for each training, among its settings.
  if (spec?.kind !== 'choice' || mode === 'study') return null;
  const value = String(params.checker ?? spec.default);
  return (
    <>
      <Knob
        id="checker"
        spec={spec}
        value={value}
        onValue={(chosen) => setParam('checker', chosen)}
      />
      <p className="fine">{CHECKED[value]}</p>
    </>
  );
}

const CHECKED: Readonly<Record<string, string>> = {
  exact: 'Right is what is the same as the answer, blanks at the ends aside.',
  numeric: 'Right is what ends with the same number; “72” and “so it is 72.0” agree.',
  pattern:
    'The answer is a regular expression, for instance (five|5), that the whole completion must match. It is matched in time proportional to the text: no expression can run for ever, so look-around and back-references are not offered.',
};

function DataFile({ id, questions }: { id: string; questions: boolean }) {
  const data = usePage((state) => state.data);
  const stored = usePage((state) => state.stored);
  const { readFile, chooseData } = useActions();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const known = data?.state === 'read' && data.report.id === id;
  const others = (stored?.data ?? []).filter((one) => one.deleted === undefined && one.id !== id);
  const take = (files: FileList | null) => {
    const [first] = files ?? [];
    if (first) readFile(first.name, first);
  };
  return (
    <>
      <button
        type="button"
        className={`drop ${over ? 'over' : ''}`}
        onClick={() => input.current?.click()}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer.files);
        }}
      >
        <span>
          <Icon name="open" /> Choose a text file, or drop it here
        </span>
        <span className="fine">
          {questions ? 'One problem per line:' : 'One example per line:'}
          <code>
            {questions
              ? '{"prompt": "say 7: ", "answer": "seven."}'
              : '{"prompt": "say 7: ", "completion": "seven."}'}
          </code>
        </span>
      </button>
      <input
        ref={input}
        type="file"
        className="unseen"
        accept=".jsonl,.json,.ndjson,.txt,application/jsonl,text/plain"
        aria-label="Data file"
        tabIndex={-1}
        onChange={({ target }) => {
          take(target.files);
          target.value = '';
        }}
      />
      {data?.state === 'reading' && (
        <div role="status">
          <p className="fine">Reading {data.name}</p>
          <progress
            aria-label={`Reading ${data.name}`}
            {...(data.done === undefined ? {} : { value: data.done, max: 1 })}
          />
        </div>
      )}
      {data?.state === 'refused' && (
        <p className="wrong" role="alert">
          {data.failure.message} {data.failure.remedy}
        </p>
      )}
      {data?.state === 'read' && <Report report={data.report} used={known} questions={questions} />}
      {others.length > 0 && (
        <label className="field">
          <span className="fine">Files that were used before</span>
          <select value="" onChange={({ target }) => chooseData(target.value)}>
            <option value="">Choose one</option>
            {others.map(({ id: other, name, bytes: size }) => (
              <option key={other} value={other}>
                {name}, {bytes(size)}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  );
}

interface ReportProps {
  readonly report: DataReport;
  readonly used: boolean;
  readonly questions: boolean;
}

function Report({ report, used, questions }: ReportProps) {
  const { name, examples, problemCount, problems, preview } = report;
  return (
    <div className="report">
      <p>
        <strong>{name}</strong>, {bytes(report.bytes)}:{' '}
        {plural(examples, questions ? 'problem' : 'example')}
        {report.duplicates > 0 && `, ${quantity(report.duplicates)} of them repeated`}.
      </p>
      {examples > 0 && (
        <p className="fine">
          {quantity(report.tokens)} tokens{questions && ' of prompts'}; the longest{' '}
          {questions ? 'prompt' : 'example'} has {quantity(report.longest)} of{' '}
          {quantity(report.contextLength)} ({percent(report.longest / report.contextLength, 0)}).
        </p>
      )}
      {problemCount > 0 && (
        <div className="wrong" role="alert">
          <p>
            {problemCount === 1 ? 'One line cannot' : `${quantity(problemCount)} lines cannot`} be
            used, so the file is not:
          </p>
          <ul>
            {problems.map(({ line, what }) => (
              <li key={line}>
                Line {line} {what}.
              </li>
            ))}
          </ul>
        </div>
      )}
      {problemCount === 0 && examples === 0 && (
        <p className="wrong" role="alert">
          {report.bytes === 0 ? 'The file is empty.' : 'All of its lines are blank.'} Put one{' '}
          <code>
            {questions ? '{"prompt": "…", "answer": "…"}' : '{"prompt": "…", "completion": "…"}'}
          </code>{' '}
          on each line, and drop it again.
        </p>
      )}
      {used && (
        <ul className="preview mono" aria-label="First examples">
          {preview.map(({ prompt, completion }) => (
            <li key={`${prompt}${completion}`}>
              {prompt}
              <b>{completion}</b>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
