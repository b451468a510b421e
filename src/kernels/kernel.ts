// What a kernel is: one computation on arrays of 32-bit words, declared once. shaders/NAME.wgsl says it for
// the GPU; `reference` says it in plain TypeScript, is the definition that the shader is judged by, and is
// what the CPU backend runs. Being listed in index.ts gives a kernel its GPU test and its benchmark row.

/** Every array holds 32-bit words of one kind. */
export type Word = 'u32' | 'f32';
interface WordArrays {
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
}
/** Names and kinds, in the order of the bindings (arrays) or of the struct's members (params). */
export type Fields = Readonly<Record<string, Word>>;
export type ArraysOf<F extends Fields> = { readonly [K in keyof F]: WordArrays[F[K]] };
export type ValuesOf<F extends Fields> = { readonly [K in keyof F]: number };

/** A piece of WGSL and the file it came from, for error messages. */
export interface WgslSource {
  readonly file: string;
  readonly text: string;
}

/** One dispatch. `workgroups` counts all of them; the backend folds the grid above 65,535. */
export interface Pass {
  readonly entryPoint: string;
  readonly workgroups: number;
  /** Values of `override` constants that are known before: what they rule out is not even compiled. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** Passes with the same are one pipeline. */
export const passKey = ({ entryPoint, constants = {} }: Pass): string =>
  [entryPoint, ...Object.entries(constants).map(([name, value]) => `${name}=${value}`)].join(' ');

/** Arguments chosen for what they would break; `why` says what. */
export interface KernelCase<I extends Fields, P extends Fields> {
  readonly why: string;
  make(): { readonly params: ValuesOf<P>; readonly inputs: ArraysOf<I> };
}

/** |gpu - reference| <= absolute + relative * |reference|; words of kind u32 must be equal. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

export interface Kernel<
  I extends Fields = Fields,
  O extends Fields = Fields,
  P extends Fields = Fields,
> {
  /** Stem of its two files. */
  readonly name: string;
  /** Text of shaders/NAME.wgsl. */
  readonly wgsl: string;
  /** Shared text that is put before it. */
  readonly lib: readonly WgslSource[];
  /**
   * Read-only storage bindings 0, 1, ... A name that is among the outputs as well is updated in place: it is
   * bound there, once, and the reference finds the same array in both.
   */
  readonly inputs: I;
  /** Storage bindings that follow. */
  readonly outputs: O;
  /** Members of `struct Params`, a uniform; the last binding. */
  readonly params: P;
  /** Elements of each output that is not updated in place. */
  size(params: ValuesOf<P>): { readonly [K in Exclude<keyof O, keyof I>]: number };
  /** Storage bindings between outputs and params that live only from pass to pass: words of each. */
  scratch?(params: ValuesOf<P>): Readonly<Record<string, number>>;
  /** Dispatches, in order; each sees everything the one before has written. */
  passes(params: ValuesOf<P>): readonly Pass[];
  /** Values of the shader's `override` constants; a backend may tune them to its device. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Fills `outputs`, which are those of `makeOutputs`. */
  reference(inputs: ArraysOf<I>, params: ValuesOf<P>, outputs: ArraysOf<O>): void;
  readonly cases: readonly KernelCase<I, P>[];
  readonly tolerance: Tolerance;
  /** For outputs whose numbers are of another size. */
  readonly tolerances?: { readonly [K in keyof O]?: Tolerance };
  /** Shapes worth timing. */
  readonly bench: readonly KernelCase<I, P>[];
  /** Bytes that must cross the memory bus at least once: inputs read, outputs written. */
  bytes(params: ValuesOf<P>): number;
}

/** Keeps the literal types of the fields, from which the types of the reference's arrays follow. */
export function defineKernel<
  const I extends Fields,
  const O extends Fields,
  const P extends Fields,
>(kernel: Kernel<I, O, P>): Kernel<I, O, P> {
  return kernel;
}

/** Inputs that are only read: their names, in the order of the bindings. */
export const readOnly = ({ inputs, outputs }: Pick<Kernel, 'inputs' | 'outputs'>): string[] =>
  Object.keys(inputs).filter((name) => !(name in outputs));

/** Outputs for one call: fresh ones, and the inputs that are updated in place. */
export function makeOutputs<I extends Fields, O extends Fields, P extends Fields>(
  kernel: Kernel<I, O, P>,
  params: ValuesOf<P>,
  inputs: ArraysOf<I>,
): ArraysOf<O> {
  const sizes: Readonly<Record<string, number>> = kernel.size(params);
  const given: Readonly<Record<string, Uint32Array | Float32Array>> = inputs;
  const outputs: Record<string, Uint32Array | Float32Array> = {};
  for (const name in kernel.outputs) {
    const Words = kernel.outputs[name] === 'f32' ? Float32Array : Uint32Array;
    outputs[name] = given[name] ?? new Words(sizes[name] ?? 0);
  }
  return outputs as ArraysOf<O>; // built from the same fields as the type
}

/** The params struct as the shader reads it: 32-bit members in declared order. */
export function encodeParams<P extends Fields>(fields: P, values: ValuesOf<P>): ArrayBuffer {
  const names = Object.keys(fields);
  const bytes = new ArrayBuffer(Math.ceil(names.length / 4) * 16);
  const view = new DataView(bytes);
  names.forEach((name, i) => {
    const value = values[name] as number;
    if (fields[name] === 'f32') view.setFloat32(4 * i, value, true);
    else view.setUint32(4 * i, value, true);
  });
  return bytes;
}
