// The dial: some of the model's numbers are chosen, and set, scaled, zeroed, flipped or made noisy. What that does is
// seen at once on the right, beside the untouched model.

import { type Action, sameTarget, type Target } from '../../core/dials.ts';
import { shapeOf, targetName } from '../../state/parameters/sentences.ts';
import type { Opened } from '../../state/parameters/types.ts';
import { Edits } from './Edits.tsx';
import { Rounding } from './Rounding.tsx';
import { Slider } from './Slider.tsx';
import { TargetPicker } from './TargetPicker.tsx';
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
