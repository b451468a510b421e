// One token looked into: the sentence that says why, and what both models thought at that place.

import { ROLE_NAMES, ROLES, type Role } from '../../core/roles.ts';
import { cellText } from '../../state/cellText.ts';
import { percent, THIN, visible } from '../../state/format.ts';
import { drafts, type Run, rolesOf } from '../../state/run.ts';
import { explain } from '../../state/sentences.ts';
import type { Asked, Inspection } from '../../state/store.ts';
import { streamOf, tokenAt } from '../../state/tokenStream.ts';
import { usePage } from '../app.ts';
import { Mark } from '../parts/Mark.tsx';
import './inspector.css';

export function Inspector({ run }: { run: Run }) {
  const selection = usePage((state) => state.selection);
  const asked = usePage((state) => state.asked);
  const stream = streamOf(run);
  const cell = selection?.run === run.id ? stream.cells[selection.cell] : undefined;
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
          {cell.kind === 'token' && cell.distance !== undefined && drafts(run.experiment) && (
            <Distance
              distance={cell.distance}
              threshold={Number(run.experiment.params.rollbackThreshold)}
            />
          )}
          {asked && (
            <Opinions
              token={tokenAt(stream, selection?.cell ?? -1)}
              asked={asked}
              roles={rolesOf(run.experiment)}
            />
          )}
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

/** How far a drafted token is from the large model, on a scale that ends at twice the threshold. */
function Distance({ distance, threshold }: { distance: number; threshold: number }) {
  const end = Math.max(2 * threshold, 1);
  const far = distance > threshold;
  return (
    <div className="distance">
      <span className="fine">Distance</span>
      <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
        <rect x="0" y="5" width="100" height="2" className="track" />
        <rect
          x="0"
          y="3"
          width={Math.min(100, (100 * distance) / end)}
          height="6"
          className={far ? 'far' : 'near'}
        />
        <line x1={(100 * threshold) / end} x2={(100 * threshold) / end} y1="0" y2="12" />
      </svg>
      <span className="num mono">
        {distance.toFixed(2)}
        {THIN}nats {far ? '>' : '≤'} {threshold}
      </span>
    </div>
  );
}

interface OpinionsProps {
  readonly token: number | undefined;
  readonly asked: Asked;
  /** The models that the method uses. */
  readonly roles: readonly Role[];
}

function Opinions({ token, asked, roles }: OpinionsProps) {
  if (asked.state === 'failed') {
    return (
      <p className="fine">
        The models could not be asked: {asked.failure.message} {asked.failure.remedy}
      </p>
    );
  }
  // A model that the run does not need is not loaded and has no opinion.
  const present = ROLES.filter((role) =>
    asked.state === 'known' ? asked.inspection.top[role] : roles.includes(role),
  );
  return (
    <div className="opinions" aria-busy={asked.state === 'asking'}>
      {present.map((role) => (
        <Opinion
          key={role}
          role={role}
          token={token}
          inspection={asked.state === 'known' ? asked.inspection : undefined}
        />
      ))}
    </div>
  );
}

interface OpinionProps {
  readonly role: Role;
  readonly token: number | undefined;
  readonly inspection: Inspection | undefined;
}

/** Five places, filled or not, so that nothing moves when the answer comes. */
const PLACES = [0, 1, 2, 3, 4] as const;

function Opinion({ role, token, inspection }: OpinionProps) {
  const top = inspection?.top[role] ?? [];
  return (
    <table className={`opinion ${role}`}>
      <caption>
        <Mark of={role} />
        What {ROLE_NAMES[role]} thinks comes here
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
