// How many parameters there are, where they are, and why so many: the model as blocks within blocks, with the formula
// of each, what all of it weighs, and what is no parameter at all.

import { LOOKED_AT, type LookedAt } from '../../core/dials.ts';
import { ROLE_NAMES } from '../../core/roles.ts';
import { bytes, plural, quantity, titled } from '../../state/format.ts';
import { percentages } from '../../state/parameters/shares.ts';
import type { Opened } from '../../state/parameters/types.ts';
import { Mark } from '../parts/Mark.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import { Blocks } from './Blocks.tsx';
import { BlockTable } from './BlockTable.tsx';
import { KnownSizes } from './KnownSizes.tsx';
import { NotParameters } from './NotParameters.tsx';
import { useDials, useOpened } from './useBench.ts';

export function Count() {
  const small = useOpened('small');
  const large = useOpened('large');
  const { model } = useDials();
  const looked = model === 'small' ? small : large;
  const both = { small, large };
  if (!looked) return null;
  return (
    <>
      <p className="lead">
        A parameter is one number inside a model that training has set. {titled(looked.name)} has{' '}
        <b className="num">{quantity(looked.anatomy.parameters)}</b> of them, in{' '}
        {plural(looked.anatomy.parts.length, 'tensor')} over{' '}
        {plural(looked.anatomy.layers, 'layer')}. Nothing else of it was learned.
      </p>
      <Blocks models={both} />
      <Kinds model={looked} />
      <BlockTable role={model} model={looked} />
      <Accounts model={looked} />
      <Weight models={both} />
      <KnownSizes models={both} />
      <NotParameters />
    </>
  );
}

const KINDS = [
  {
    kind: 'embedding',
    title: 'Embedding',
    about: 'a row of numbers looked up for each token or position',
  },
  { kind: 'weight', title: 'Weight', about: 'multiplies what comes in' },
  { kind: 'bias', title: 'Bias', about: 'is added, whatever comes in' },
] as const;

function Kinds({ model }: { model: Opened }) {
  const { parts } = model.anatomy;
  const counts = KINDS.map(({ kind }) =>
    parts.filter((part) => part.kind === kind).reduce((sum, { count }) => sum + count, 0),
  );
  const shares = percentages(counts);
  return (
    <section aria-labelledby="kinds">
      <h2 id="kinds">Three kinds of parameters</h2>
      <div className="stack" aria-hidden="true">
        {KINDS.map(({ kind }, i) => (
          <span key={kind} className={`kind ${kind}`} style={{ flexGrow: counts[i] }} />
        ))}
      </div>
      <dl className="kinds">
        {KINDS.map(({ kind, title, about }, i) => (
          <div key={kind}>
            <dt>
              <span className={`kind key ${kind}`} aria-hidden="true" />
              {title}
            </dt>
            <dd>
              <b className="num">{quantity(counts[i]!)}</b>{' '}
              <span className="num">{shares[i]!.toFixed(1)} %</span>
              <br />
              <span className="fine">{about}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** Every number of the file is accounted for. */
function Accounts({ model }: { model: Opened }) {
  const { parameters, constants, copies, merged, stored, tied, parts } = model.anatomy;
  const quantised = parts.some((part) => part.quantised);
  return (
    <p className="fine">
      The file holds {quantity(stored)} numbers: {quantity(parameters)} parameters
      {quantised && ' (several of them in one number of the file, because they are quantised)'}
      {merged > 0 && ` (of which ${quantity(merged)} share their place with equal ones)`}
      {copies > 0 && `, ${quantity(copies)} copies of parameters`}, and {quantity(constants)}{' '}
      constants that nobody learned, such as shapes and masks.
      {tied &&
        ' The head has no matrix of its own: it uses the token embedding a second time (tied weights).'}
    </p>
  );
}

const PER_WEIGHT = [
  { title: 'float32', bytes: 4 },
  { title: 'float16', bytes: 2 },
  { title: 'int8', bytes: 1 },
  { title: 'int4', bytes: 0.5 },
] as const;

function Weight({ models }: { models: Readonly<Record<LookedAt, Opened | undefined>> }) {
  return (
    <section aria-labelledby="weighs">
      <h2 id="weighs">What they weigh</h2>
      <Scroller label="Bytes of the parameters by number format">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" className="right">
                Parameters
              </th>
              {PER_WEIGHT.map(({ title }) => (
                <th key={title} scope="col" className="right">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {LOOKED_AT.map((role) => {
              const parameters = models[role]?.anatomy.parameters;
              return (
                <tr key={role}>
                  <th scope="row">
                    <Mark of={role} /> {titled(ROLE_NAMES[role])}
                  </th>
                  <td className="number">{parameters ? quantity(parameters) : '…'}</td>
                  {PER_WEIGHT.map(({ title, bytes: each }) => (
                    <td key={title} className="number">
                      {parameters ? bytes(Math.ceil(parameters * each)) : '…'}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroller>
      <p className="fine">
        4, 2, 1 and half a byte for each; integers need some scales beside them, which Turn counts.
      </p>
    </section>
  );
}
