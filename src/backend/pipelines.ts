// Kernels made ready for a device: shader modules and pipelines, compiled once and kept (compiling takes
// longer than a thousand runs), and the encoding of their passes.

import {
  type Fields,
  type Kernel,
  type Pass,
  passKey,
  readOnly,
  type ValuesOf,
} from '../kernels/kernel.ts';
import { isSoftware } from './device.ts';

/** Where the storage bindings of a kernel come from, in the order of the declaration. */
export type Resources = ReadonlyMap<string, GPUBufferBinding>;

/** A kernel on a device. */
export interface Program {
  readonly layout: GPUBindGroupLayout;
  readonly pipelines: ReadonlyMap<string, GPUComputePipeline>;
}

interface Compiling {
  readonly layout: GPUBindGroupLayout;
  readonly pipelineLayout: GPUPipelineLayout;
  readonly module: Promise<GPUShaderModule>;
  readonly pipelines: Map<string, Promise<GPUComputePipeline>>;
}

type AnyKernel = Pick<Kernel, 'name' | 'wgsl' | 'lib' | 'inputs' | 'outputs' | 'constants'>;

/** Values for `override` constants that suit a device better than the kernel's own. */
export type Tuning = Readonly<Record<string, number>>;

/**
 * Lanes that meet at a barrier, and workgroup memory that is cleared for them, cost a software renderer more
 * than the work between: with 32 invocations a chunk is read three times faster there than with 128. A kernel whose
 * lanes meet again and again calls them LANES: such a renderer computes four at once, and four need not wait.
 */
const SOFTWARE: Tuning = { WORKGROUP: 32, LANES: 4 };

export const tuningFor = (device: GPUDevice): Tuning =>
  isSoftware(device.adapterInfo) ? SOFTWARE : {};

export class Pipelines {
  readonly #device: GPUDevice;
  readonly #tuning: Tuning;
  readonly #compiling = new Map<string, Compiling>();

  constructor(device: GPUDevice, tuning: Tuning = tuningFor(device)) {
    this.#device = device;
    this.#tuning = tuning;
  }

  /**
   * The pipelines of these passes, compiled now unless they have been.
   * @throws Error 'file.wgsl:line:column message' when the shader is wrong.
   */
  async program(
    kernel: AnyKernel,
    scratch: readonly string[],
    passes: readonly Pass[],
  ): Promise<Program> {
    let known = this.#compiling.get(kernel.name);
    if (!known) {
      known = this.#begin(kernel, scratch);
      this.#compiling.set(kernel.name, known);
    }
    const { layout, pipelineLayout, module, pipelines } = known;
    const distinct = new Map(passes.map((pass) => [passKey(pass), pass]));
    const ready = [...distinct].map(async ([key, { entryPoint, constants }]) => {
      let pipeline = pipelines.get(key);
      if (!pipeline) {
        pipeline = module.then((compiled) =>
          this.#device.createComputePipelineAsync({
            label: `${kernel.name}.${key}`,
            layout: pipelineLayout,
            compute: {
              module: compiled,
              entryPoint,
              constants: { ...this.#constantsOf(kernel), ...constants },
            },
          }),
        );
        pipelines.set(key, pipeline);
      }
      return [key, await pipeline] as const;
    });
    return { layout, pipelines: new Map(await Promise.all(ready)) };
  }

  #constantsOf({ constants = {} }: AnyKernel): Record<string, number> {
    const tuned = Object.entries(constants).map(([name, own]) => [name, this.#tuning[name] ?? own]);
    return Object.fromEntries(tuned);
  }

  #begin(kernel: AnyKernel, scratch: readonly string[]): Compiling {
    const entry = (binding: number, type: GPUBufferBindingType): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type },
    });
    const types: GPUBufferBindingType[] = [
      ...readOnly(kernel).map(() => 'read-only-storage' as const),
      ...Object.keys(kernel.outputs).map(() => 'storage' as const),
      ...scratch.map(() => 'storage' as const),
      'uniform',
    ];
    const layout = this.#device.createBindGroupLayout({
      label: kernel.name,
      entries: types.map((type, binding) => entry(binding, type)),
    });
    return {
      layout,
      pipelineLayout: this.#device.createPipelineLayout({
        label: kernel.name,
        bindGroupLayouts: [layout],
      }),
      module: compile(this.#device, kernel),
      pipelines: new Map(),
    };
  }
}

async function compile(device: GPUDevice, kernel: AnyKernel): Promise<GPUShaderModule> {
  const sources = [...kernel.lib, { file: `${kernel.name}.wgsl`, text: kernel.wgsl }];
  const code = sources.map(({ text }) => text).join('\n');
  // What goes wrong is read from the compilation info; the scope keeps it from being reported twice.
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label: kernel.name, code });
  const scope = device.popErrorScope();
  const { messages } = await module.getCompilationInfo();
  await scope;
  const errors = messages.filter(({ type }) => type === 'error');
  if (errors.length === 0) return module;
  const lines = errors.map(({ lineNum, linePos, message }) => {
    const { file, line } = whereIs(sources, lineNum);
    return `${file}:${line}:${linePos} ${message}`;
  });
  throw new Error(lines.join('\n'));
}

/** The file and line that a line of the joined text came from; both count from 1. */
export function whereIs(
  sources: readonly { readonly file: string; readonly text: string }[],
  joined: number,
): { file: string; line: number } {
  let line = joined;
  let found = { file: '', line };
  for (const { file, text } of sources) {
    found = { file, line };
    const length = text.split('\n').length;
    if (line <= length) break;
    line -= length;
  }
  return found;
}

/** A grid of at least `workgroups`, no side longer than a device allows. */
export function fold(workgroups: number): readonly [number, number] {
  const y = Math.ceil(workgroups / 65_535);
  return [Math.ceil(workgroups / y), y];
}

export function bindGroup(
  device: GPUDevice,
  kernel: AnyKernel,
  program: Program,
  resources: Resources,
): GPUBindGroup {
  const entries = [...resources.values()].map((resource, binding) => ({ binding, resource }));
  return device.createBindGroup({ label: kernel.name, layout: program.layout, entries });
}

/** One after the other: WebGPU makes each dispatch see what those before it have written. */
export function encode<P extends Fields>(
  encoder: GPUCommandEncoder,
  kernel: { readonly name: string; passes(params: ValuesOf<P>): readonly Pass[] },
  params: ValuesOf<P>,
  program: Program,
  group: GPUBindGroup,
  timestampWrites?: GPUComputePassTimestampWrites,
): void {
  const pass = encoder.beginComputePass({
    label: kernel.name,
    ...(timestampWrites && { timestampWrites }),
  });
  pass.setBindGroup(0, group);
  for (const one of kernel.passes(params)) {
    const pipeline = program.pipelines.get(passKey(one));
    if (!pipeline) throw new Error(`${kernel.name} has no pass ${passKey(one)}`);
    pass.setPipeline(pipeline);
    pass.dispatchWorkgroups(...fold(one.workgroups));
  }
  pass.end();
}
