// One token looked into: the sentence that says why, and what every model thought at that place.

import type { Author } from '../../core/events.ts';
import { ROLES } from '../../core/roles.ts';
import { cellText } from '../../state/cellText.ts';
import { authorName, percent, THIN, visible } from '../../state/format.ts';
import { shiftOf } from '../../state/fusion.ts';
import { fuses, judgedBy, type Run, rolesOf } from '../../state/run.ts';
import { explain } from '../../state/sentences.ts';
import { comparison } from '../../state/speculationSentences.ts';
import type { Asked, Inspection } from '../../state/store.ts';
import { streamOf, type TokenCell, tokenAt } from '../../state/tokenStream.ts';
import { usePage } from '../app.ts';
import { Mark } from '../parts/Mark.tsx';
import { Moved } from './Moved.tsx';
import './inspector.css';

export function Inspector({ run }: { run: Run }) {
  const selection = usePage((state) => state.selection);
  const asked = usePage((state) => state.asked);
  const stream = streamOf(run);
  const cell = selection?.run === run.id ? stream.cells[selection.cell] : undefined;
  const written = cell?.kind === 'token' ? cell.fusion : undefined;
  const solved = written ?? (asked?.state === 'known' ? asked.inspection.fusion : undefined);
  return (
    <section className="inspector" aria-label="Inspector">
      {cell ? (
        <>
          <div className="why">
            <span
              className={`cell ${cell.kind === 'token' ? `${cell.by} ${cell.state}` : 'hand-over'}`}
              aria-hidden="true"
            >
              {cellText(cell)}
            </span>
            <p>
              <span className="fine num">Token {cell.at - stream.prompt.length + 1}</span>
              <br />
              {explain(stream, cell, run.experiment)}
            </p>
          </div>
          {cell.kind === 'token' && <Verdict cell={cell} run={run} />}
          {asked && (
            <Opinions
              token={tokenAt(stream, selection?.cell ?? -1)}
              asked={asked}
              authors={[
                ...rolesOf(run.experiment),
                ...(fuses(run.experiment) ? (['fused'] as const) : []),
              ]}
            />
          )}
          {solved && <Moved solved={solved} {...shiftOf(run.experiment)} />}
        </>
      ) : (
        <p className="muted hint">
          Point at a token, tap it, or go there with Tab and the arrow keys: here you see what the
          models thought at that place, and why the pen changed hands.
        </p>
      )}
    </section>
  );
}

/** Why a drafted token stands or falls, as a bar. */
function Verdict({ cell, run }: { cell: TokenCell; run: Run }) {
  const { distance, ratio, uniform } = cell;
  const judged = judgedBy(run.experiment);
  if (judged === 'distance' && distance !== undefined) {
    const threshold = Number(run.experiment.params.rollbackThreshold);
    return (
      <Gauge
        label="Distance"
        value={distance}
        mark={threshold}
        // A scale that ends at twice the threshold.
        end={Math.max(2 * threshold, 1)}
        good={distance <= threshold}
        text={`${distance.toFixed(2)}${THIN}nats ${distance > threshold ? '>' : '≤'} ${threshold}`}
      />
    );
  }
  if (judged === 'chance' && ratio !== undefined && uniform !== undefined) {
    return (
      <Gauge
        label="p/q, and u"
        value={ratio}
        mark={uniform}
        end={1}
        good={uniform < ratio}
        text={comparison(cell, run.experiment)}
      />
    );
  }
  return null;
}

interface GaugeProps {
  readonly label: string;
  readonly value: number;
  /** What it is compared with. */
  readonly mark: number;
  readonly end: number;
  readonly good: boolean;
  readonly text: string;
}

function Gauge({ label, value, mark, end, good, text }: GaugeProps) {
  const at = (number: number) => Math.min(100, (100 * number) / end);
  return (
    <div className="gauge">
      <span className="fine">{label}</span>
      <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
        <rect x="0" y="5" width="100" height="2" className="track" />
        <rect x="0" y="3" width={at(value)} height="6" className={good ? 'near' : 'far'} />
        <line x1={at(mark)} x2={at(mark)} y1="0" y2="12" />
      </svg>
      <span className="num mono">{text}</span>
    </div>
  );
}

interface OpinionsProps {
  readonly token: number | undefined;
  readonly asked: Asked;
  /** The models that the method uses, and all of them together if they write as one. */
  readonly authors: readonly Author[];
}

function Opinions({ token, asked, authors }: OpinionsProps) {
  if (asked.state === 'failed') {
    return (
      <p className="fine">
        The models could not be asked: {asked.failure.message} {asked.failure.remedy}
      </p>
    );
  }
  // A model that the run does not need is not loaded and has no opinion.
  const present = [...ROLES, 'fused' as const].filter((author) =>
    asked.state === 'known' ? asked.inspection.top[author] : authors.includes(author),
  );
  return (
    <div className="opinions" aria-busy={asked.state === 'asking'}>
      {present.map((author) => (
        <Opinion
          key={author}
          author={author}
          token={token}
          inspection={asked.state === 'known' ? asked.inspection : undefined}
        />
      ))}
    </div>
  );
}

interface OpinionProps {
  readonly author: Author;
  readonly token: number | undefined;
  readonly inspection: Inspection | undefined;
}

/** Five places, filled or not, so that nothing moves when the answer comes. */
const PLACES = [0, 1, 2, 3, 4] as const;

function Opinion({ author, token, inspection }: OpinionProps) {
  const top = inspection?.top[author] ?? [];
  return (
    <table className={`opinion ${author}`}>
      <caption>
        <Mark of={author} />
        What {authorName(author)} {author === 'fused' ? 'think' : 'thinks'} comes here
      </caption>
      <tbody>
        {PLACES.map((place) => {
          const candidate = top[place];
          return (
            <tr key={place} className={candidate?.token === token ? 'chosen' : ''}>
              {candidate ? <th scope="row">{visible(candidate.text) || '∎'}</th> : <td> </td>}
              <td>
                <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={100 * (candidate?.prob ?? 0)} height="8" />
                </svg>
              </td>
              <td className="number">{candidate ? percent(candidate.prob) : ' '}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
