// What can be done with a checkpoint here, said before anything is loaded.

import type { JoinVerdict, MeasuredMemory, Preflight, Verdict } from '../../core/preflight.ts';
import { checkpointTitle } from '../../experiment/catalogue.ts';
import { bytes } from '../../state/format.ts';
import { Scroller } from '../parts/Scroller.tsx';

export function Verdicts({ preflight }: { preflight: Preflight }) {
  const { gpu, cpu, trainFully, trainWithLora, joins, memory, had, measured } = preflight;
  const rows: readonly (readonly [string, Verdict, number?])[] = [
    ['Run on the GPU', gpu, memory.run],
    ['Run on the CPU', cpu, memory.run],
    ['Train fully', trainFully, memory.trainFully],
    ['Train with LoRA', trainWithLora, memory.trainWithLora],
  ];
  return (
    <section aria-labelledby="verdicts-title">
      <h3 id="verdicts-title">What can be done with it here</h3>
      <Scroller label="Verdicts">
        <table className="verdicts">
          <thead>
            <tr>
              <th scope="col">To</th>
              <th scope="col">Possible</th>
              <th scope="col">Why</th>
              <th scope="col" className="right">
                Memory
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, verdict, need], i) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <Possible verdict={verdict} />
                <td>{isRepeated(verdict, rows[i - 1]?.[1]) ? 'The same.' : whyOf(verdict)}</td>
                <td className="number">{verdict.can && need !== undefined ? bytes(need) : '–'}</td>
              </tr>
            ))}
            {alike(joins).map(([join, names]) => (
              <tr key={join.with}>
                <th scope="row">Join {names.join('; ')}</th>
                <Possible verdict={join} />
                <td>
                  {join.sharedVocabulary ? 'Shared vocabulary. ' : 'Other vocabulary. '}
                  {join.methods.length > 0 && `${join.methods.join(', ')}. `}
                  {whyOf(join)}
                </td>
                <td className="number">–</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      <p className="fine">
        Weights {bytes(memory.weights)}; keys and values {bytes(memory.cachePerToken)} per token,{' '}
        {bytes(memory.cacheFull)} for a whole context. WebAssembly can address{' '}
        {bytes(had.addressable)}
        {had.onePiece !== undefined &&
          `; this GPU takes weights of up to ${bytes(had.onePiece)}, and no browser says how much it has in all`}
        .{measured && ` ${measuredText(measured)}`}
      </p>
    </section>
  );
}

const measuredText = ({ grown, all }: MeasuredMemory): string =>
  grown > 0
    ? `Measured while it was loaded: WebAssembly’s memory grew by ${bytes(grown)} at most, to ${bytes(all)}.`
    : `Measured while it was loaded: it fitted into the ${bytes(all)} that WebAssembly had.`;

function Possible({ verdict }: { verdict: Verdict }) {
  return <td className={verdict.can ? 'can' : 'cannot'}>{verdict.can ? '✓ yes' : '✗ no'}</td>;
}

/** What is said of many is said once. */
function alike(joins: readonly JoinVerdict[]): readonly (readonly [JoinVerdict, string[]])[] {
  const groups = new Map<string, readonly [JoinVerdict, string[]]>();
  for (const join of joins) {
    const { with: other, ...rest } = join;
    const key = JSON.stringify(rest);
    const group = groups.get(key) ?? ([join, []] as const);
    group[1].push(checkpointTitle(other));
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** A reason is read once. */
const isRepeated = (verdict: Verdict, before: Verdict | undefined): boolean =>
  before !== undefined && whyOf(verdict) !== '' && whyOf(verdict) === whyOf(before);

const whyOf = ({ why, operators }: Verdict): string =>
  operators && operators.length > 0 ? `${why} (${operators.join(', ')})` : why;
