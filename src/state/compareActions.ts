// Setting up what is compared: an evaluation's contenders, a sweep's axes.

import { checkParam, defaultsOf, type ParamValue } from '../core/params.ts';
import { spread } from '../experiment/axis.ts';
import { methods } from '../experiment/catalogue.ts';
import {
  type Contender,
  type DecodingId,
  type Experiment,
  LIMITS,
  type Sweep,
  type TrainerMethodId,
  usualSweep,
} from '../experiment/experiment.ts';
import { recast } from '../experiment/recast.ts';
import { COMMON, MOST_PLANS, type Plan, planOf, type Study } from '../experiment/study.ts';
import { inMode, isTheOne } from './modes.ts';
import { patch, type Store, told } from './store.ts';

/** What the first plan sets of the knobs that comparable trainings share. */
function commonOf([first]: readonly Plan[]): Readonly<Record<string, ParamValue>> {
  const set = COMMON.flatMap((key) =>
    first?.params[key] === undefined ? [] : [[key, first.params[key]]],
  );
  return Object.fromEntries(set);
}

export function compareActions(store: Store) {
  const current = (): Experiment => store.getState().experiment;

  function setContenders(contenders: readonly Contender[]): void {
    const [first] = contenders;
    const one = isTheOne(contenders) && first;
    patch(store, {
      experiment: recast(current(), {
        ...current(),
        contenders,
        ...(one && { method: one.method, params: one.params }),
      }),
    });
  }
  const changeContender = (at: number, news: Partial<Contender>) =>
    setContenders(current().contenders.map((one, i) => (i === at ? { ...one, ...news } : one)));

  /** With its knobs as they were last set. */
  function addContender(method: DecodingId): void {
    const { contenders } = current();
    if (contenders.length >= LIMITS.contenders.max) return;
    const params = store.getState().knobs[method] ?? defaultsOf(methods[method].params);
    setContenders([...contenders, { label: '', method, params }]);
  }

  /** The same again, to change a knob of. */
  function repeatContender(at: number): void {
    const one = current().contenders[at];
    if (one) insertContender(at + 1, { ...one, label: '' });
  }

  function insertContender(at: number, one: Contender): void {
    const { contenders } = current();
    if (contenders.length >= LIMITS.contenders.max) return;
    setContenders(contenders.toSpliced(at, 0, one));
  }

  function removeContender(at: number): void {
    setContenders(current().contenders.toSpliced(at, 1));
  }

  const nameContender = (at: number, label: string) =>
    changeContender(at, { label: label.trim().slice(0, LIMITS.label.max) });

  const setContenderMethod = (at: number, method: DecodingId) =>
    changeContender(at, {
      method,
      params: store.getState().knobs[method] ?? defaultsOf(methods[method].params),
    });

  /** A value outside its range changes nothing. */
  function setContenderParam(at: number, key: string, value: ParamValue): void {
    const one = current().contenders[at];
    const spec = one && methods[one.method].params[key];
    const checked = spec && checkParam(spec, value);
    if (one && checked?.ok)
      changeContender(at, { params: { ...one.params, [key]: checked.value } });
  }

  const setSweep = (sweep: Sweep) => patch(store, { experiment: { ...current(), sweep } });

  /** Another knob on an axis, with some values over its range; the two axes never have the same. */
  function setAxis(which: 'x' | 'y', key: string | undefined): void {
    const { method, sweep } = current();
    const { x, y, seeds } = sweep;
    if (key === undefined) {
      if (which === 'y') setSweep({ x, seeds });
      return;
    }
    const other = which === 'x' ? y : x;
    if (other?.key === key) {
      if (y) setSweep({ x: y, y: x, seeds });
      return;
    }
    const spec = methods[method].params[key];
    if (!spec) return;
    const usual = usualSweep(method as DecodingId);
    const known = [usual.x, usual.y].find((axis) => axis?.key === key);
    setSweep({ ...sweep, [which]: known ?? { key, values: spread(spec) } });
  }

  function setAxisValues(which: 'x' | 'y', values: readonly ParamValue[]): void {
    const { sweep } = current();
    const axis = sweep[which];
    if (axis && values.length > 0) setSweep({ ...sweep, [which]: { ...axis, values } });
  }

  function setSeeds(seeds: number): void {
    const { min, max } = LIMITS.seeds;
    if (Number.isFinite(seeds)) {
      setSweep({ ...current().sweep, seeds: Math.min(max, Math.max(min, Math.round(seeds))) });
    }
  }

  /** Watch one setting of a sweep write, or set it beside others. */
  function takePoint(
    { method }: Experiment,
    params: Contender['params'],
    mode: 'generate' | 'evaluate',
  ): void {
    const { contenders } = current();
    const { knobs } = store.getState();
    const point: Contender = { label: '', method: method as DecodingId, params };
    const chosen = recast(current(), { ...current(), method, params });
    const moved = inMode(chosen, mode, { ...knobs, [method]: params });
    const others = isTheOne(contenders) ? [] : contenders.slice(0, LIMITS.contenders.max - 1);
    patch(store, {
      knobs: { ...knobs, [method]: params },
      experiment: mode === 'evaluate' ? { ...moved, contenders: [...others, point] } : moved,
      ...(mode === 'evaluate' && { compareMode: 'evaluate' as const }),
      notice: told(
        mode === 'evaluate'
          ? 'The setting is a contender now.'
          : 'The method has the settings of this point now.',
      ),
    });
  }

  /** Looks into a point of a sweep, or into none. */
  function selectPoint(run: number, contender: number | undefined): void {
    patch(store, { point: contender === undefined ? undefined : { run, contender } });
  }

  const setStudy = (study: Partial<Study>) => {
    const after = { ...current(), study: { ...current().study, ...study } };
    patch(store, { experiment: after });
  };
  const plans = () => current().study.plans;
  const changePlan = (at: number, news: Partial<Plan>) =>
    setStudy({ plans: plans().map((one, i) => (i === at ? { ...one, ...news } : one)) });

  /** With what all plans have in common as the first has it. */
  function addPlan(method: TrainerMethodId): void {
    if (plans().length >= MOST_PLANS) return;
    setStudy({ plans: [...plans(), planOf(method, commonOf(plans()))] });
  }
  function insertPlan(at: number, one: Plan): void {
    if (plans().length < MOST_PLANS) setStudy({ plans: plans().toSpliced(at, 0, one) });
  }
  const removePlan = (at: number) => setStudy({ plans: plans().toSpliced(at, 1) });
  const namePlan = (at: number, label: string) =>
    changePlan(at, { label: label.trim().slice(0, LIMITS.label.max) });

  /** A value outside its range changes nothing. */
  function setPlanParam(at: number, key: string, value: ParamValue): void {
    const one = plans()[at];
    const spec = one && methods[one.method].params[key];
    const checked = spec && checkParam(spec, value);
    if (one && checked?.ok) changePlan(at, { params: { ...one.params, [key]: checked.value } });
  }

  /** A knob of every plan that has it. */
  function setCommon(key: string, value: ParamValue): void {
    plans().forEach((_, at) => {
      setPlanParam(at, key, value);
    });
  }

  function setStudySeeds(seeds: number): void {
    const { min, max } = LIMITS.seeds;
    if (Number.isFinite(seeds))
      setStudy({ seeds: Math.min(max, Math.max(min, Math.round(seeds))) });
  }

  return {
    addPlan,
    insertPlan,
    removePlan,
    namePlan,
    setPlanParam,
    setCommon,
    setStudySeeds,
    addContender,
    repeatContender,
    insertContender,
    removeContender,
    nameContender,
    setContenderMethod,
    setContenderParam,
    setAxis,
    setAxisValues,
    setSeeds,
    takePoint,
    selectPoint,
  };
}
