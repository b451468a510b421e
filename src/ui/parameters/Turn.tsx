// The dial: some of the model's numbers are chosen, and set, scaled, zeroed, flipped or made noisy. What that does is
// seen at once on the right, beside the untouched model.

import { useId } from 'react';
import { type Action, BITS, type Edit, keyOf, sameTarget, type Target } from '../../core/dials.ts';
import { bytes, percent, plural, quantity } from '../../state/format.ts';
import { figure, nats, shapeOf, targetName } from '../../state/parameters/sentences.ts';
import type { Opened } from '../../state/parameters/types.ts';
import { usePage } from '../app.ts';
import { Icon } from '../parts/Icon.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { Scroller } from '../parts/Scroller.tsx';
import { Slider } from './Slider.tsx';
import { partOf, TensorPicker } from './TensorPicker.tsx';
import { useBench, useBenchState, useDials } from './useBench.ts';

export function Turn({ model }: { model: Opened }) {
  const { closed } = model.anatomy;
  if (closed) {
    return (
      <section className="card" role="alert">
        <h2>{closed.message}</h2>
        <p>{closed.remedy} It can be counted and looked at all the same.</p>
      </section>
    );
  }
  return (
    <>
      <Dial model={model} />
      <Edits />
      <Rounding model={model} />
    </>
  );
}

const KINDS: readonly { readonly kind: Target['kind']; readonly title: string }[] = [
  { kind: 'weight', title: 'One weight' },
  { kind: 'row', title: 'A row' },
  { kind: 'column', title: 'A column' },
  { kind: 'head', title: 'A head' },
  { kind: 'neuron', title: 'A neuron' },
  { kind: 'tensor', title: 'A tensor' },
  { kind: 'layer', title: 'A layer' },
];

/** Where each dial stands when nothing is turned, and its ends. */
const AMOUNTS = {
  scale: { label: 'Scale', rest: 1, min: -2, max: 4, step: 0.05 },
  set: { label: 'Set to', rest: 0, min: -2, max: 2, step: 0.01 },
  noise: { label: 'Noise', rest: 0, min: 0, max: 3, step: 0.05 },
} as const;

const FIRST: Target = { kind: 'head', layer: 0, index: 0 };

function Dial({ model }: { model: Opened }) {
  const { model: role, edits } = useDials();
  const chosen = useBenchState((state) => state.target);
  const { turn, setTarget, undo } = useBench();
  const last = edits.findLast((edit) => edit.role === role);
  // A link's last edit is where its dial stands.
  const target = fitting(model, chosen ?? last?.target ?? FIRST);
  const current = last && sameTarget(last.target, target) ? last : undefined;
  const act = (action: Action, amount = 0) => turn({ role, target, action, amount });
  return (
    <section className="dial" aria-labelledby="dial">
      <h2 id="dial">Turn {targetName(target)}</h2>
      <TargetPicker model={model} target={target} onTarget={setTarget} />
      {(['scale', 'set', 'noise'] as const).map((action) => {
        const { label, rest, ...ends } = AMOUNTS[action];
        const value = current?.action === action ? current.amount : rest;
        return (
          <Slider
            key={action}
            label={label}
            value={value}
            {...ends}
            onValue={(amount) => act(action, amount)}
          />
        );
      })}
      <div className="dial-acts">
        <button
          type="button"
          className="button"
          aria-pressed={current?.action === 'zero'}
          onClick={() => act('zero')}
        >
          Zero
        </button>
        <button
          type="button"
          className="button"
          aria-pressed={current?.action === 'flip'}
          onClick={() => act('flip')}
        >
          Flip sign
        </button>
        <button type="button" className="button" disabled={!current} onClick={undo}>
          Back as it was
        </button>
      </div>
      <p className="fine">
        Scale multiplies, set makes all of them one value, noise adds a random number of so many
        standard deviations of the tensor. The same dial turned again replaces what it did before.
      </p>
    </section>
  );
}

/** The target, or one like it that this model has. */
function fitting(model: Opened, target: Target): Target {
  const { anatomy, neurons } = model;
  const first = anatomy.parts[0]!;
  const clamp = (index: number, count: number) =>
    Math.min(Math.max(0, index), Math.max(0, count - 1));
  switch (target.kind) {
    case 'layer':
      return { ...target, layer: clamp(target.layer, anatomy.layers) };
    case 'head':
    case 'neuron': {
      const layer = clamp(target.layer, anatomy.layers);
      const count = target.kind === 'head' ? (anatomy.heads?.query ?? 1) : (neurons[layer] ?? 1);
      return { ...target, layer, index: clamp(target.index, count) };
    }
    default: {
      const part = anatomy.parts.find(({ name }) => name === target.tensor) ?? first;
      const { rows, columns } = shapeOf(part);
      if (target.kind === 'tensor') return { kind: 'tensor', tensor: part.name };
      const count = { weight: part.count, row: rows, column: columns }[target.kind];
      return { kind: target.kind, tensor: part.name, index: clamp(target.index, count) };
    }
  }
}

interface PickerProps {
  readonly model: Opened;
  readonly target: Target;
  readonly onTarget: (target: Target) => void;
}

function TargetPicker({ model, target, onTarget }: PickerProps) {
  const id = useId();
  const { tensor } = useDials();
  const { anatomy, neurons } = model;
  const name = 'tensor' in target ? target.tensor : partOf(model, tensor).name;
  const part = partOf(model, name);
  const { rows, columns } = shapeOf(part);
  const layer = 'layer' in target ? target.layer : (part.layer ?? 0);
  const index = 'index' in target ? target.index : 0;
  function ofKind(kind: Target['kind']): Target {
    if (kind === 'layer') return { kind, layer };
    if (kind === 'head' || kind === 'neuron') return { kind, layer, index: 0 };
    return kind === 'tensor' ? { kind, tensor: name } : { kind, tensor: name, index: 0 };
  }
  const whole = (label: string, value: number, count: number, onNumber: (n: number) => void) => (
    <div className="inline">
      <label htmlFor={`${id}-${label}`}>{label}</label>
      <NumberField
        id={`${id}-${label}`}
        value={value}
        min={0}
        max={Math.max(0, count - 1)}
        step={1}
        onNumber={onNumber}
      />
      <span className="fine num">0 to {quantity(Math.max(0, count - 1))}</span>
    </div>
  );
  return (
    <div className="target">
      <label className="inline" htmlFor={`${id}-kind`}>
        What is turned
        <select
          id={`${id}-kind`}
          value={target.kind}
          onChange={({ target: { value } }) => onTarget(ofKind(value as Target['kind']))}
        >
          {KINDS.map(({ kind, title }) => (
            <option key={kind} value={kind}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {'tensor' in target && (
        <label className="inline" htmlFor={`${id}-tensor`}>
          of
          <TensorPicker
            id={`${id}-tensor`}
            model={model}
            value={name}
            onTensor={(tensor) => onTarget({ ...target, tensor })}
          />
        </label>
      )}
      {'layer' in target &&
        whole('Layer', target.layer, anatomy.layers, (layer) => onTarget({ ...target, layer }))}
      {target.kind === 'head' &&
        whole('Head', index, anatomy.heads?.query ?? 1, (index) => onTarget({ ...target, index }))}
      {target.kind === 'neuron' &&
        whole('Neuron', index, neurons[layer] ?? 1, (index) => onTarget({ ...target, index }))}
      {target.kind === 'row' &&
        whole('Row', index, rows, (index) => onTarget({ ...target, index }))}
      {target.kind === 'column' &&
        whole('Column', index, columns, (index) => onTarget({ ...target, index }))}
      {target.kind === 'weight' && (
        <>
          {whole('Row', Math.floor(index / columns), rows, (row) =>
            onTarget({ ...target, index: row * columns + (index % columns) }),
          )}
          {whole('Column', index % columns, columns, (column) =>
            onTarget({ ...target, index: index - (index % columns) + column }),
          )}
        </>
      )}
    </div>
  );
}

export function editSentence({ target, action, amount }: Edit): string {
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

function Edits() {
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

function Rounding({ model }: { model: Opened }) {
  const dials = useDials();
  const { setDials, measureRounding, stopRounding } = useBench();
  const measured = useBenchState((state) => state.rounding);
  const measuring = useBenchState((state) => state.measuring);
  const id = usePage(({ experiment }) => experiment[experiment.dials.model]);
  const key = dials.model === 'small' ? 'smallBits' : 'largeBits';
  return (
    <section aria-labelledby="rounding">
      <h2 id="rounding">Round the whole model</h2>
      <p className="fine">
        Every matrix to so many bits, to nearest, with a float32 scale for every 32 numbers in a
        row; biases and norms stay. Edits are made on top.
      </p>
      <Scroller label="The model at fewer bits: size, distribution and accuracy">
        <table>
          <thead>
            <tr>
              <th scope="col">Bits per weight</th>
              <th scope="col" className="right">
                Size
              </th>
              <th scope="col" className="right">
                KL from untouched
              </th>
              <th scope="col" className="right">
                Right answers
              </th>
            </tr>
          </thead>
          <tbody>
            {BITS.map((bits) => {
              const found = measured[`${id} ${bits}`];
              return (
                <tr key={bits}>
                  <th scope="row">
                    <label className="bits">
                      <input
                        type="radio"
                        name="bits"
                        checked={dials[key] === bits}
                        onChange={() => setDials({ [key]: bits })}
                      />
                      {bits}
                      {bits === 32 && ' (as it came)'}
                    </label>
                  </th>
                  <td className="number">
                    {bytes(model.bytes[bits])}, {percent(model.bytes[bits] / model.bytes[32])}
                  </td>
                  <td className="number">{found ? nats(found.divergence) : '–'}</td>
                  <td className="number">
                    {found ? `${percent(found.rate)} of ${found.of}` : '–'}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroller>
      <p>
        <button
          type="button"
          className="button"
          onClick={() => (measuring ? stopRounding() : void measureRounding())}
        >
          {measuring ? 'Stop measuring' : 'Measure all of them'}
        </button>
      </p>
    </section>
  );
}
