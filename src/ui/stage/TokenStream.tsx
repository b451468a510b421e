// The token stream: colour and line say who wrote a token, a dotted line that it waits for a verdict, a
// struck-out one stays where it was. Pointing at, tapping or focusing one looks into it.

import { type KeyboardEvent, memo, useEffect, useRef } from 'react';
import { cellName, cellText } from '../../state/cellText.ts';
import { visible } from '../../state/format.ts';
import type { Run } from '../../state/run.ts';
import { streamOf } from '../../state/tokenStream.ts';
import { wordsOf } from '../../state/words.ts';
import { useActions, usePage } from '../app.ts';
import { StreamLegend } from './StreamLegend.tsx';
import './stream.css';

const MOVES: Readonly<Record<string, (index: number, last: number) => number>> = {
  ArrowRight: (index, last) => Math.min(last, index + 1),
  ArrowLeft: (index) => Math.max(0, index - 1),
  Home: () => 0,
  End: (_, last) => last,
};

export function TokenStream({ run }: { run: Run }) {
  const stream = streamOf(run);
  const selection = usePage((state) => state.selection);
  const { select } = useActions();
  const tape = useRef<HTMLDivElement>(null);
  const selected = selection?.run === run.id ? selection.cell : undefined;
  const reachable = selected ?? 0;
  useTail(tape, stream.cells.length);

  const cellAt = (target: EventTarget): number | undefined => {
    const cell = target instanceof Element ? target.closest<HTMLElement>('[data-token]') : null;
    return cell ? Number(cell.dataset.token) : undefined;
  };
  const point = ({ target }: { target: EventTarget }) => {
    const index = cellAt(target);
    if (index !== undefined) select(run.id, index);
  };
  const move = (event: KeyboardEvent) => {
    const from = cellAt(event.target);
    const to = from === undefined ? undefined : MOVES[event.key]?.(from, stream.cells.length - 1);
    if (to === undefined) return;
    event.preventDefault();
    tape.current?.querySelector<HTMLElement>(`[data-token="${to}"]`)?.focus();
  };
  return (
    <section aria-labelledby="stream-title">
      <div className="panel-head">
        <h2 id="stream-title">Token stream</h2>
        <StreamLegend run={run} />
      </div>
      <div
        className="tape"
        ref={tape}
        data-testid="stream"
        role="toolbar"
        aria-label="Tokens; arrow keys go from one to the next"
        onPointerOver={point}
        onFocus={point}
        onClick={point}
        onKeyDown={move}
      >
        {stream.prompt.length > 0 && (
          <span className="given" title="The prompt, as the models read it">
            {stream.prompt.map((piece) => visible(piece.text).replaceAll('␣', '·')).join('')}
          </span>
        )}
        {wordsOf(stream.cells).map((word) => (
          <span className="word" key={word[0]?.index}>
            {word.map(({ index, cell }) => (
              <Token
                key={index}
                index={index}
                look={
                  cell.kind === 'handOver' ? `hand-over ${cell.why}` : `${cell.by} ${cell.state}`
                }
                text={cellText(cell)}
                name={cellName(cell)}
                selected={index === selected}
                reachable={index === reachable}
              />
            ))}
          </span>
        ))}
        {run.status === 'running' && <span className="caret" aria-hidden="true" />}
      </div>
    </section>
  );
}

interface TokenProps {
  readonly index: number;
  readonly look: string;
  readonly text: string;
  readonly name: string;
  readonly selected: boolean;
  readonly reachable: boolean;
}

const Token = memo(({ index, look, text, name, selected, reachable }: TokenProps) => (
  <button
    type="button"
    className={`cell ${look}`}
    data-token={index}
    data-cell={look.startsWith('hand-over') ? 'handOver' : 'token'}
    aria-label={name}
    aria-current={selected}
    tabIndex={reachable ? 0 : -1}
  >
    {text}
  </button>
));

/** Keeps the newest token in sight while the reader is at the end. */
function useTail(tape: React.RefObject<HTMLElement | null>, length: number): void {
  const atEnd = useRef(true);
  useEffect(() => {
    const box = tape.current;
    if (!box) return;
    const follow = () => {
      atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 48;
    };
    box.addEventListener('scroll', follow, { passive: true });
    return () => box.removeEventListener('scroll', follow);
  }, [tape]);
  useEffect(() => {
    if (length > 0 && atEnd.current && tape.current) {
      tape.current.scrollTop = tape.current.scrollHeight;
    }
  }, [tape, length]);
}
