// The obvious way to fuse logits, to judge the kernel by: separate passes for log-softmax, for the divergences of every
// alpha, for the smallest loss and for the fused logits, with every distribution in memory (bench/unfused.wgsl). It takes
// the arguments of `fuseLogits` and solves on the grid.
import { fold, tuningFor } from '../src/backend/pipelines.ts';
import { type fuseLogits, NUMBERS } from '../src/kernels/fuseLogits.ts';
import code from './unfused.wgsl?raw';

type Arguments = ReturnType<(typeof fuseLogits.bench)[number]['make']>;

export interface Unfused {
  /** Everything, once; not waited for. */
  run(): void;
  /** The alpha and the expert of each row, of the last run. */
  found(): Promise<readonly { readonly alpha: number; readonly expert: number }[]>;
  /** Bytes that its passes read and write, logits and distributions only. */
  readonly bytes: number;
  destroy(): void;
}

const TILE = 2048;
export async function prepareUnfused(
  device: GPUDevice,
  { params, inputs }: Arguments,
  grid: { readonly low: number; readonly step: number; readonly count: number },
): Promise<Unfused> {
  const { STORAGE, UNIFORM, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const { rows, vocab, experts } = params;
  const size = 4 * rows * vocab;
  const tiles = Math.ceil(vocab / TILE);
  const points = experts * grid.count;
  const buffers: GPUBuffer[] = [];
  const buffer = (bytes: number, usage = STORAGE, data?: BufferSource) => {
    const made = device.createBuffer({ size: Math.max(16, bytes), usage: usage | COPY_DST });
    if (data) device.queue.writeBuffer(made, 0, data);
    buffers.push(made);
    return made;
  };
  const module = device.createShaderModule({ label: 'unfused', code });
  const pipeline = async (entryPoint: string, tuned = true) =>
    device.createComputePipelineAsync({
      label: `unfused.${entryPoint}`,
      layout: 'auto',
      compute: {
        module,
        entryPoint,
        ...(tuned && { constants: { WORKGROUP: tuningFor(device).WORKGROUP ?? 64 } }),
      },
    });
  const pipelines = {
    reduceTiles: await pipeline('reduceTiles'),
    finishRows: await pipeline('finishRows'),
    subtract: await pipeline('subtract'),
    divergeTiles: await pipeline('divergeTiles'),
    want: await pipeline('want', false),
    lose: await pipeline('lose', false),
    tilt: await pipeline('tilt'),
    choose: await pipeline('choose', false),
    combine: await pipeline('combine'),
  };
  type Pass = keyof typeof pipelines;

  const model = (words: Float32Array) => buffer(size, STORAGE, words.slice());
  const large = model(inputs.logits);
  const small = model(inputs.small);
  const own = [inputs.expert1, inputs.expert2, inputs.expert3].slice(0, experts).map(model);
  const [logLarge, logSmall, tilted, logTilted, fused] = [0, 1, 2, 3, 4].map(() =>
    buffer(size),
  ) as [GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer, GPUBuffer];
  const logExperts = own.map(() => buffer(size));
  const partials = buffer(8 * rows * tiles);
  const stats = buffer(8 * rows * (1 + experts), STORAGE | COPY_SRC);
  const losses = buffer(4 * rows * points);
  const uniform = (expert: number, point: number) => {
    const words = new ArrayBuffer(32);
    new Uint32Array(words).set([rows, vocab, expert, experts, point, grid.count]);
    new Float32Array(words).set([grid.low, grid.step], 6);
    return buffer(32, UNIFORM, words);
  };

  interface Step {
    readonly pipeline: GPUComputePipeline;
    readonly group: GPUBindGroup;
    readonly workgroups: number;
  }
  /** Bindings of each pass: those that it names. */
  const USED: Readonly<Record<Pass, readonly number[]>> = {
    reduceTiles: [0, 4, 6],
    finishRows: [4, 5, 6],
    subtract: [0, 3, 5, 6],
    divergeTiles: [0, 1, 4, 6],
    want: [4, 5, 6],
    lose: [3, 4, 5, 6],
    tilt: [0, 1, 2, 3, 6],
    choose: [0, 5, 6],
    combine: [0, 1, 2, 3, 5, 6],
  };
  let words = 0;
  const step = (
    name: Pass,
    given: { a?: GPUBuffer; b?: GPUBuffer; c?: GPUBuffer; result?: GPUBuffer; params: GPUBuffer },
  ): Step => {
    const { a, b, c, result } = given;
    const all = [a, b, c, result, partials, stats, given.params];
    const entries = USED[name].map((binding) => ({ binding, resource: { buffer: all[binding]! } }));
    const perRow = name === 'finishRows' || name === 'want' || name === 'lose' || name === 'choose';
    // What a pass reads and writes of logits or distributions.
    if (!perRow) words += USED[name].filter((binding) => binding < 4).length * rows * vocab;
    return {
      pipeline: pipelines[name],
      group: device.createBindGroup({ layout: pipelines[name].getBindGroupLayout(0), entries }),
      workgroups: perRow ? rows : rows * tiles,
    };
  };
  const plain = uniform(0, 0);
  const logSoftmax = (from: GPUBuffer, to: GPUBuffer): Step[] => [
    step('reduceTiles', { a: from, params: plain }),
    step('finishRows', { params: plain }),
    step('subtract', { a: from, result: to, params: plain }),
  ];
  const phases: Step[][] = [
    [
      ...logSoftmax(large, logLarge),
      ...logSoftmax(small, logSmall),
      ...own.flatMap((one, t) => logSoftmax(one, logExperts[t]!)),
      ...logExperts.flatMap((one, t) => [
        step('divergeTiles', { a: one, b: logSmall, params: plain }),
        step('want', { params: uniform(t, 0) }),
      ]),
    ],
  ];
  for (const [t, expert] of own.entries()) {
    for (let k = 0; k < grid.count; k++) {
      const here = uniform(t, t * grid.count + k);
      phases.push([
        step('tilt', { a: large, b: expert, c: small, result: tilted, params: here }),
        ...logSoftmax(tilted, logTilted),
        step('divergeTiles', { a: logTilted, b: logLarge, params: here }),
        step('lose', { result: losses, params: here }),
      ]);
    }
  }
  phases.push([
    step('choose', { a: losses, params: plain }),
    ...own.map((one, t) =>
      step('combine', { a: large, b: one, c: small, result: fused, params: uniform(t, 0) }),
    ),
  ]);
  // Of the last passes only one expert's moves a row.
  words -= (experts - 1) * 4 * rows * vocab;

  return {
    bytes: 4 * words,
    run() {
      // A submission for each alpha: one for all would hold a slow adapter up for longer than it is given.
      for (const phase of phases) {
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass({ label: 'unfused' });
        for (const { pipeline: which, group, workgroups } of phase) {
          pass.setPipeline(which);
          pass.setBindGroup(0, group);
          pass.dispatchWorkgroups(...fold(workgroups));
        }
        pass.end();
        device.queue.submit([encoder.finish()]);
      }
    },
    async found() {
      const home = device.createBuffer({ size: 8 * rows, usage: MAP_READ | COPY_DST });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(stats, 0, home, 0, 8 * rows);
      device.queue.submit([encoder.finish()]);
      await home.mapAsync(GPUMapMode.READ);
      const pairs = new Float32Array(home.getMappedRange().slice(0));
      home.destroy();
      return Array.from({ length: rows }, (_, row) => ({
        alpha: pairs[2 * row]!,
        expert: pairs[2 * row + 1]!,
      }));
    },
    destroy() {
      for (const one of buffers) one.destroy();
    },
  };
}

/** The same of the kernel's own numbers. */
export const foundByKernel = (numbers: Float32Array, rows: number, experts: number) =>
  Array.from({ length: rows }, (_, row) => {
    const alphas = numbers.subarray(row * NUMBERS.length, row * NUMBERS.length + experts);
    const expert = Math.max(
      0,
      alphas.findIndex((alpha) => alpha !== 0),
    );
    return { alpha: alphas[expert]!, expert };
  });
