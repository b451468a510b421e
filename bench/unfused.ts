// The obvious way to fuse logits, to judge the kernel by: separate passes for log-softmax, for the divergences of every
// alpha, for the smallest loss, for halvings beside it and for the fused logits, with every distribution in memory
// (bench/unfused.wgsl). It takes the arguments of `fuseLogits`.
import { isSoftware } from '../src/backend/device.ts';
import { fold, tuningFor } from '../src/backend/pipelines.ts';
import { type FuseParams, NUMBERS } from '../src/kernels/fuseLogits.ts';
import code from './unfused.wgsl?raw';

export interface Found {
  readonly alpha: number;
  readonly expert: number;
  /** NaN after a search on the grid alone. */
  readonly loss: number;
}

export interface Unfused {
  /** Milliseconds of `runs` runs. */
  time(runs: number): Promise<number>;
  /** Of each row, in the last run. */
  found(): Promise<readonly Found[]>;
  /** Bytes that its passes read and write, logits and distributions only. */
  readonly bytes: number;
  destroy(): void;
}

export interface UnfusedOptions {
  readonly params: Pick<FuseParams, 'rows' | 'vocab' | 'experts'>;
  readonly inputs: Readonly<
    Record<'logits' | 'small' | 'expert1' | 'expert2' | 'expert3', Float32Array>
  >;
  readonly grid: { readonly low: number; readonly step: number; readonly count: number };
  /** Does the search go on between the grid's points? */
  readonly refined: boolean;
}

const TILE = 2048;
/** As in the shader: the alpha is the row's own. */
const HALVING = 0xffffffff;
/** Of a cell of 0.1: to 2e-6. The first only says on which side of the grid's point. */
const HALVINGS = 16;
/** Bindings of each pass: those that it names. */
const USED = {
  reduceTiles: [0, 4, 6],
  finishRows: [4, 5, 6],
  subtract: [0, 3, 5, 6],
  divergeTiles: [0, 1, 4, 6],
  averageTiles: [0, 1, 2, 4, 5, 6],
  gather: [4, 5, 6],
  lose: [3, 4, 5, 6],
  choose: [0, 5, 6],
  halve: [4, 5, 6],
  keep: [5, 6],
  tilt: [0, 1, 2, 3, 5, 6],
} as const;
type Pass = keyof typeof USED;
const PER_ROW: readonly Pass[] = ['finishRows', 'gather', 'lose', 'choose', 'halve', 'keep'];

export async function prepareUnfused(
  device: GPUDevice,
  { params: { rows, vocab, experts }, inputs, grid, refined }: UnfusedOptions,
): Promise<Unfused> {
  const { STORAGE, UNIFORM, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const size = 4 * rows * vocab;
  const tiles = Math.ceil(vocab / TILE);
  const buffers: GPUBuffer[] = [];
  const buffer = (bytes: number, usage = STORAGE, data?: BufferSource) => {
    const made = device.createBuffer({ size: Math.max(16, bytes), usage: usage | COPY_DST });
    if (data) device.queue.writeBuffer(made, 0, data);
    buffers.push(made);
    return made;
  };
  const module = device.createShaderModule({ label: 'unfused', code });
  const constants = { WORKGROUP: tuningFor(device).WORKGROUP ?? 64 };
  const pipelines = new Map<Pass, GPUComputePipeline>();
  for (const entryPoint of Object.keys(USED) as Pass[]) {
    const compute = { module, entryPoint, constants };
    const label = `unfused.${entryPoint}`;
    pipelines.set(
      entryPoint,
      await device.createComputePipelineAsync({ label, layout: 'auto', compute }),
    );
  }

  const model = (words: Float32Array) => buffer(size, STORAGE, words as BufferSource);
  const large = model(inputs.logits);
  const small = model(inputs.small);
  const own = [inputs.expert1, inputs.expert2, inputs.expert3].slice(0, experts).map(model);
  const [logLarge, logSmall, tilted, logTilted, fused] = [0, 1, 2, 3, 4].map(() =>
    buffer(size),
  ) as [GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer];
  const logExperts = own.map(() => buffer(size));
  const partials = buffer(8 * rows * tiles);
  const slots = {
    chosen: experts + 1,
    untilted: experts + 2,
    moved: experts + 3,
    kept: experts + 4,
  };
  const stats = buffer(16 * rows * (experts + 5), STORAGE | COPY_SRC);
  const losses = buffer(4 * rows * experts * grid.count);

  interface Step {
    readonly pipeline: GPUComputePipeline;
    readonly group: GPUBindGroup;
    readonly workgroups: number;
  }
  let words = 0;
  interface Given {
    readonly a?: GPUBuffer;
    readonly b?: GPUBuffer;
    readonly c?: GPUBuffer;
    readonly result?: GPUBuffer;
    readonly expert?: number;
    readonly point?: number;
    readonly slot?: number;
    /** Of all rows, only those of this expert. */
    readonly part?: boolean;
  }
  const step = (name: Pass, given: Given = {}): Step => {
    const { a, b, c, result, expert = 0, point = 0, slot = 0, part = false } = given;
    const bytes = new ArrayBuffer(48);
    new Uint32Array(bytes).set([rows, vocab, expert, experts, point, grid.count, 0, 0, slot]);
    new Float32Array(bytes).set([grid.low, grid.step], 6);
    const all = [a, b, c, result, partials, stats, buffer(48, UNIFORM, bytes)];
    const entries = USED[name].map((binding) => ({ binding, resource: { buffer: all[binding]! } }));
    const perRow = PER_ROW.includes(name);
    // What a pass reads and writes of logits or distributions.
    const arrays = perRow ? 0 : USED[name].filter((binding) => binding < 4).length;
    words += (arrays * rows * vocab) / (part ? experts : 1);
    const pipeline = pipelines.get(name)!;
    const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    return { pipeline, group, workgroups: perRow ? rows : rows * tiles };
  };
  const logSoftmax = (from: GPUBuffer, to: GPUBuffer): Step[] => [
    step('reduceTiles', { a: from }),
    step('finishRows'),
    step('subtract', { a: from, result: to }),
  ];
  const diverge = (from: GPUBuffer, to: GPUBuffer) => step('divergeTiles', { a: from, b: to });

  const phases: Step[][] = [
    [
      ...logSoftmax(large, logLarge),
      ...logSoftmax(small, logSmall),
      ...own.flatMap((one, t) => logSoftmax(one, logExperts[t]!)),
      ...logExperts.flatMap((one, t) => [diverge(one, logSmall), step('gather', { slot: t + 1 })]),
    ],
  ];
  for (const [t, b] of own.entries()) {
    for (let k = 0; k < grid.count; k++) {
      const here = { expert: t, point: t * grid.count + k };
      phases.push([
        step('tilt', { a: large, b, c: small, result: tilted, ...here }),
        ...logSoftmax(tilted, logTilted),
        diverge(logTilted, logLarge),
        step('lose', { result: losses, ...here }),
      ]);
    }
  }
  if (!refined) phases.push([step('choose', { a: losses })]);
  for (const [expert, b] of refined ? own.entries() : []) {
    const here = { b, c: small, expert, point: HALVING };
    phases.push([
      step('choose', { a: losses, expert, point: HALVING }),
      step('averageTiles', { ...here, a: logLarge }),
      step('gather', { slot: slots.untilted }),
    ]);
    for (let i = 0; i < HALVINGS; i++) {
      phases.push([
        step('tilt', { ...here, a: large, result: tilted }),
        ...logSoftmax(tilted, logTilted),
        diverge(logTilted, logLarge),
        step('gather', { slot: slots.moved }),
        step('averageTiles', { ...here, a: logTilted }),
        step('halve'),
      ]);
    }
    phases.push([step('keep', { expert })]);
  }
  // Each row along its own expert.
  phases.push(
    own.map((b, expert) =>
      step('tilt', { a: large, b, c: small, result: fused, expert, point: HALVING, part: true }),
    ),
  );

  const record = (steps: readonly Step[]): GPUCommandBuffer => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass({ label: 'unfused' });
    for (const { pipeline, group, workgroups } of steps) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...fold(workgroups));
    }
    pass.end();
    return encoder.finish();
  };
  return {
    bytes: 4 * words,
    async time(runs) {
      // All in one submission, as the kernel's; a renderer in software would be held up for longer than it is given.
      const parts = isSoftware(device.adapterInfo) ? phases : [phases.flat()];
      const commands = Array.from({ length: runs }, () => parts.map(record)).flat();
      const begun = performance.now();
      for (const one of commands) device.queue.submit([one]);
      await device.queue.onSubmittedWorkDone();
      return performance.now() - begun;
    },
    async found() {
      const home = device.createBuffer({ size: stats.size, usage: MAP_READ | COPY_DST });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(stats, 0, home, 0, stats.size);
      device.queue.submit([encoder.finish()]);
      await home.mapAsync(GPUMapMode.READ);
      const all = new Float32Array(home.getMappedRange().slice(0));
      home.destroy();
      return Array.from({ length: rows }, (_, row) => {
        const slot = refined ? slots.kept : slots.chosen;
        const [alpha, expert, loss] = all.subarray(4 * (slot * rows + row)) as unknown as number[];
        return { alpha: alpha!, expert: expert!, loss: refined ? loss! : Number.NaN };
      });
    },
    destroy() {
      for (const one of buffers) one.destroy();
    },
  };
}

/** The same of the kernel's own numbers. */
export const foundByKernel = (numbers: Float32Array, rows: number, experts: number): Found[] =>
  Array.from({ length: rows }, (_, row) => {
    const alphas = numbers.subarray(row * NUMBERS.length, row * NUMBERS.length + experts);
    const expert = Math.max(
      0,
      alphas.findIndex((alpha) => alpha !== 0),
    );
    const loss = numbers[row * NUMBERS.length + NUMBERS.loss]!;
    return { alpha: alphas[expert]!, expert, loss };
  });
