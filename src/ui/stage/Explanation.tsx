// What the method does, beside what it does: three steps with their formulas and the live thresholds.

import { methods } from '../../experiment/catalogue.ts';
import { stepsOf, whatToLookAt } from '../../state/explanation.ts';
import { usePage } from '../app.ts';
import { Mark } from '../parts/Mark.tsx';
import { Tex } from '../parts/Tex.tsx';
import './explanation.css';

export function Explanation() {
  const experiment = usePage((state) => state.experiment);
  const { title, summary, source } = methods[experiment.method];
  const steps = stepsOf(experiment);
  return (
    <section className="explanation" aria-label="What this is">
      <p>
        <strong>{title}.</strong> {summary}{' '}
        {source && (
          <a className="fine" href={source.url} target="_blank" rel="noopener noreferrer">
            {source.citation}
          </a>
        )}
      </p>
      {steps.length > 0 && (
        <ol className="steps">
          {steps.map((step) => (
            <li key={step.title}>
              <h3>
                <Mark of={step.by} />
                {step.title}
              </h3>
              <Tex tex={step.tex} block />
              <p className="fine">{step.text}</p>
            </li>
          ))}
        </ol>
      )}
      <p className="look">{whatToLookAt(experiment)}</p>
    </section>
  );
}
