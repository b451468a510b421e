// What the method does, beside where it does it: three steps with their formulas and the live thresholds.

import { methods } from '../../experiment/catalogue.ts';
import { stepsOf, whatToLookAt } from '../../state/explanation.ts';
import { useActions, usePage } from '../app.ts';
import { CopyButton } from '../parts/CopyButton.tsx';
import { Mark } from '../parts/Mark.tsx';
import { Tex } from '../parts/Tex.tsx';
import './explanation.css';

export function Explanation() {
  const experiment = usePage((state) => state.experiment);
  const explained = usePage((state) => state.preferences.explained);
  const { setPreference } = useActions();
  const { title, summary, source } = methods[experiment.method];
  const steps = stepsOf(experiment);
  return (
    <section className="explanation" aria-label="What this is">
      <p className="lead">
        <strong>{title}.</strong> {summary}
      </p>
      {steps.length > 0 && (
        <details
          open={explained}
          onToggle={({ currentTarget }) => {
            if (currentTarget.open !== explained) setPreference('explained', currentTarget.open);
          }}
        >
          <summary>How it works</summary>
          <ol className="steps">
            {steps.map((step) => (
              <li key={step.title}>
                <strong>
                  <Mark of={step.by} />
                  {step.title}
                </strong>
                <Tex tex={step.tex} block />
                <p className="fine">{step.text}</p>
              </li>
            ))}
          </ol>
        </details>
      )}
      {source && (
        <p className="fine source">
          <a href={source.url} target="_blank" rel="noopener noreferrer">
            {source.citation}
          </a>
          {source.bibtex !== undefined && <CopyButton text={source.bibtex} label="BibTeX" />}
        </p>
      )}
      <p className="look">{whatToLookAt(experiment)}</p>
    </section>
  );
}
