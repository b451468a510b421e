// What is turned, edit by edit: each can be taken back, the last undone, all reset; what could not be made says why.

import { type Edit, keyOf } from '../../core/dials.ts';
import { plural } from '../../state/format.ts';
import { figure, targetName } from '../../state/parameters/sentences.ts';
import { Icon } from '../parts/Icon.tsx';
import { useBench, useBenchState, useDials } from './useBench.ts';

function editSentence({ target, action, amount }: Edit): string {
  const what = targetName(target);
  switch (action) {
    case 'zero':
      return `${what} is zero`;
    case 'flip':
      return `${what} has the other sign`;
    case 'set':
      return `${what} is ${figure(amount)}`;
    case 'scale':
      return `${what} times ${figure(amount)}`;
    default:
      return `${what} plus noise of ${figure(amount)} standard deviations`;
  }
}

export function Edits() {
  const { model: role, edits } = useDials();
  const next = useBenchState((state) => state.next);
  const undone = useBenchState((state) => state.undone);
  const dials = useDials();
  const { undo, redo, resetAll, removeEdit } = useBench();
  const own = edits.map((edit, at) => ({ edit, at })).filter(({ edit }) => edit.role === role);
  const others = edits.length - own.length;
  const rounded = dials.smallBits !== 32 || dials.largeBits !== 32;
  return (
    <section aria-labelledby="edits">
      <div className="panel-head">
        <h2 id="edits">What is turned</h2>
        <span className="zoom">
          <button
            type="button"
            className="button quiet"
            disabled={edits.length === 0}
            onClick={undo}
          >
            Undo
          </button>
          <button
            type="button"
            className="button quiet"
            disabled={undone.length === 0}
            onClick={redo}
          >
            Redo
          </button>
          <button
            type="button"
            className="button quiet"
            disabled={edits.length === 0 && !rounded}
            onClick={resetAll}
          >
            <Icon name="reset" />
            Reset all
          </button>
        </span>
      </div>
      {own.length === 0 ? (
        <p className="fine">
          Nothing yet: the model is as it came. Every turn is listed here, and is part of the link.
        </p>
      ) : (
        <ol className="edits">
          {own.map(({ edit, at }, i) => {
            const failure = next?.failures.find((one) => one.edit === i)?.failure;
            return (
              <li key={`${at} ${keyOf(edit.target)}`}>
                <span className={failure ? 'problem' : undefined}>
                  {editSentence(edit)}
                  {failure && (
                    <>
                      . <b>Not made.</b> {failure.message} {failure.remedy}
                    </>
                  )}
                </span>
                <button
                  type="button"
                  className="button bare icon"
                  aria-label={`Take back: ${editSentence(edit)}`}
                  onClick={() => removeEdit(at)}
                >
                  <Icon name="close" />
                </button>
              </li>
            );
          })}
        </ol>
      )}
      <p className="fine num">
        {next && own.length > 0 && `${plural(next.touched, 'parameter')} turned. `}
        {others > 0 && `${plural(others, 'more edit')} of the other model. `}
      </p>
    </section>
  );
}
