// Experiments of every kind, for properties that must hold for all of them.
import fc from 'fast-check';
import {
  ACTIONS,
  BITS,
  DIAL_LIMITS,
  type Dials,
  defaultDials,
  type Edit,
  LOOKED_AT,
  type Target,
  takesAmount,
  VIEWS,
} from '../../src/core/dials.ts';
import { defaultsOf, type ParamSpec, type ParamValue } from '../../src/core/params.ts';
import { inOrder, ROLES, type Role } from '../../src/core/roles.ts';
import { MOST_VALUES } from '../../src/experiment/axis.ts';
import {
  checkpoints,
  decodes,
  defaultMethodOf,
  methods,
  methodsOf,
  modes,
  rolesIn,
  taskList,
} from '../../src/experiment/catalogue.ts';
import {
  type Contender,
  type DecodingId,
  defaultExperiment,
  type Experiment,
  LIMITS,
  type Sweep,
  type TrainerMethodId,
  usualSweep,
} from '../../src/experiment/experiment.ts';
import { cleanName, fileId, localId } from '../../src/experiment/names.ts';
import { usualCast } from '../../src/experiment/recast.ts';
import { type Plan, type Study, usualStudy } from '../../src/experiment/study.ts';

const knob = (spec: ParamSpec): fc.Arbitrary<ParamValue> =>
  spec.kind === 'choice'
    ? fc.constantFrom(...spec.options.map((option) => option.value))
    : spec.kind === 'integer'
      ? fc.integer({ min: spec.min, max: spec.max })
      : fc.double({ min: spec.min, max: spec.max, noNaN: true });

const content = fc.record({
  sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
  name: fc.string({ unit: 'grapheme', maxLength: 120 }).map(cleanName),
});
const checkpoint = fc.oneof(fc.constantFrom(...Object.keys(checkpoints)), content.map(localId));

const decoding = methodsOf('evaluate') as readonly DecodingId[];
const knobs = (method: keyof typeof methods) =>
  fc.record(
    Object.fromEntries(Object.entries(methods[method].params).map(([k, s]) => [k, knob(s)])),
  );
const contender: fc.Arbitrary<Contender> = fc.constantFrom(...decoding).chain((method) =>
  fc.record({
    method: fc.constant(method),
    label: fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => text.length <= 40),
    params: knobs(method),
  }),
);
const sweepOf = (method: DecodingId): fc.Arbitrary<Sweep> => {
  const table = methods[method].params;
  const values = (key: string) =>
    fc.uniqueArray(knob(table[key]!), {
      minLength: 1,
      maxLength: MOST_VALUES,
      // A link has no negative zero.
      selector: (value) => String(value),
    });
  const axis = (key: string) => fc.record({ key: fc.constant(key), values: values(key) });
  return fc.shuffledSubarray(Object.keys(table), { minLength: 1 }).chain(([x, y]) =>
    fc.record(
      {
        x: axis(x!),
        seeds: fc.integer(LIMITS.seeds),
        ...(y !== undefined && { y: axis(y) }),
      },
      { noNullPrototype: true },
    ),
  );
};

const tensor = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((name) => name.length <= 400);
const index = fc.nat(1e12);
const role = fc.constantFrom(...LOOKED_AT);
const amount = fc
  .double({ min: -DIAL_LIMITS.amount, max: DIAL_LIMITS.amount, noNaN: true })
  .map((value) => value + 0);
const edit: fc.Arbitrary<Edit> = fc
  .tuple(
    role,
    fc.oneof(
      fc.record({ kind: fc.constantFrom('weight', 'row', 'column'), tensor, index }),
      fc.record({ kind: fc.constant('tensor'), tensor }),
      fc.record({ kind: fc.constantFrom('head', 'neuron'), layer: index, index }),
      fc.record({ kind: fc.constant('layer'), layer: index }),
    ) as fc.Arbitrary<Target>,
    fc.constantFrom(...ACTIONS),
    amount,
  )
  .map(([role, target, action, amount]) => ({
    role,
    target,
    action,
    amount: action === 'noise' ? Math.abs(amount) : takesAmount(action) ? amount : 0,
  }));
const pins = fc.array(fc.record({ role, tensor, index }), { maxLength: 4 });
const dials: fc.Arbitrary<Dials> = fc.record({
  view: fc.constantFrom(...VIEWS),
  model: role,
  tensor: fc.oneof(fc.constant(''), tensor),
  edits: fc.array(edit, { maxLength: 4 }),
  smallBits: fc.constantFrom(...BITS),
  largeBits: fc.constantFrom(...BITS),
  pins,
  moved: fc.double({ ...DIAL_LIMITS.moved, noNaN: true }).map((value) => value + 0),
  temperature: fc.double({ ...DIAL_LIMITS.temperature, noNaN: true }).map((value) => value + 0),
  topP: fc.double({ ...DIAL_LIMITS.topP, noNaN: true }),
  tour: fc.integer(DIAL_LIMITS.tour),
});
const trainers = methodsOf('study') as readonly TrainerMethodId[];
const plan: fc.Arbitrary<Plan> = fc.constantFrom(...trainers).chain((method) =>
  fc.record({
    method: fc.constant(method),
    label: fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => text.length <= 40),
    params: knobs(method),
  }),
);
const study: fc.Arbitrary<Study> = fc.record({
  plans: fc.array(plan, { maxLength: 3 }),
  seeds: fc.integer(LIMITS.seeds),
});
const pinned: fc.Arbitrary<Dials> = pins.map((some) => ({ ...defaultDials, pins: some }));

export const experiments: fc.Arbitrary<Experiment> = fc
  .tuple(
    fc.constantFrom(
      ...modes.flatMap((mode) => methodsOf(mode).map((method) => ({ mode, method }))),
    ),
    fc.constantFrom(...(Object.keys(taskList) as (keyof typeof taskList)[])),
  )
  .chain(([{ mode, method }, task]) =>
    fc.record({
      mode: fc.constant(mode),
      method: fc.constant(method),
      params: knobs(method),
      contenders: fc.array(contender, { maxLength: 3 }),
      study: mode === 'study' ? study : fc.constant(usualStudy),
      sweep: mode === 'sweep' ? sweepOf(method as DecodingId) : fc.constant(usualSweep('bild')),
      dials: mode === 'parameters' ? dials : mode === 'train' ? pinned : fc.constant(defaultDials),
      cast: fc.record(
        Object.fromEntries(ROLES.map((role) => [role, checkpoint])) as Record<
          Role,
          typeof checkpoint
        >,
      ),
      data: fc.oneof(fc.constant('task'), content.map(fileId)),
      task: fc.constant(task),
      difficulty: fc.integer({
        min: taskList[task].difficulty.min,
        max: taskList[task].difficulty.max,
      }),
      prompt: fc.string({ unit: 'grapheme', maxLength: 300 }),
      promptAs: decodes(mode)
        ? fc.constantFrom('text' as const, 'chat' as const)
        : fc.constant('text' as const),
      maxTokens: fc.integer(LIMITS.maxTokens),
      problems: fc.integer(LIMITS.problems),
      seed: fc.integer(LIMITS.seed),
      provider: fc.constantFrom('auto' as const, 'wasm' as const, 'webgpu' as const),
      kernels: fc.constantFrom('auto' as const, 'cpu' as const, 'webgpu' as const),
    }),
  )
  .map(({ cast, ...all }) => {
    const { method, params, contenders } = defaultExperiment;
    // What the mode does not use is not in the link.
    const plain = {
      ...all,
      ...(all.mode === 'evaluate' ? { method, params } : { contenders }),
      ...(all.mode === 'parameters' && { method, params }),
      ...(all.mode === 'study' && {
        method: defaultMethodOf('study'),
        params: defaultsOf(methods[defaultMethodOf('study')].params),
      }),
    };
    const usual = usualCast(plain);
    const chosen = { ...plain, ...cast };
    // What takes no part is not in the link.
    const written = inOrder(['small', 'large', ...rolesIn(chosen)]);
    return {
      ...chosen,
      ...usual,
      ...Object.fromEntries(written.map((role) => [role, cast[role]])),
    };
  });
