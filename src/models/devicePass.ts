// One rectangle of rows through a decoder and back on a GPU: forwards, a loss that makes logits their own gradient, and
// backwards; whole, or body and head apart, the head for some positions at a time (cutGraph.ts). Nothing leaves the
// device here.

import { gradientName, sumName } from '../autodiff/joint.ts';
import { takeScratch } from '../backend/scratch.ts';
import type { CutSplitGraph } from './cutGraph.ts';
import type { InferenceSession, OrtRuntime, Tensor } from './runtime.ts';
import { graphRefused, only, passFailed } from './trainable.ts';
import { chunksOf } from './trainingBatch.ts';
import type { SplitFiles, SplitGraph } from './trainingGraph.ts';

type Tensors = Readonly<Record<string, Tensor>>;

/**
 * Submits what reads logits and puts their gradient in their place. What it returns arrives while the backward pass runs.
 * @param first and `count`: which positions of the rectangle the logits are of
 */
export type DeviceLoss<T> = (
  logits: GPUBuffer,
  first: number,
  count: number,
) => Promise<{ readonly found: Promise<T> }>;

export interface Asked<T> {
  /** What the model reads, and its weights. */
  readonly given: Tensors;
  /** Rows x columns. */
  readonly positions: number;
  readonly columns: number;
  readonly loss: DeviceLoss<T>;
  /** So many neighbouring positions are judged together. */
  readonly unit: number;
  /** Is told the gradients, in the order of the parameters; they are given up when it has resolved. */
  readonly take?: (gradients: readonly GPUBuffer[]) => Promise<void>;
}

export interface DevicePass {
  /** What the loss has found, piece by piece. */
  run<T>(asked: Asked<T>): Promise<readonly T[]>;
  release(): Promise<void>;
}

type Sessions = Readonly<Record<keyof SplitFiles, InferenceSession>>;

/** @throws UserError 'onnx' when ONNX Runtime refuses a graph */
export async function devicePass(
  graph: SplitGraph | CutSplitGraph,
  runtime: OrtRuntime,
  device: GPUDevice,
): Promise<DevicePass> {
  const loaded: InferenceSession[] = [];
  const release = async () => {
    for (const session of loaded.splice(0)) await session.release();
  };
  const load = async (file: Uint8Array) => {
    const session = await runtime.createSession(file).catch(graphRefused);
    loaded.push(session);
    return session;
  };
  const both = async ({ forward, backward }: SplitFiles): Promise<Sessions> => ({
    forward: await load(forward),
    backward: await load(backward),
  });
  try {
    if (!('cut' in graph)) return { ...whole(graph, await both(graph)), release };
    const [body, head] = [await both(graph.body), await both(graph.head)];
    return { ...inParts(graph, runtime, device, body, head), release };
  } catch (error) {
    await release();
    throw error;
  }
}

const runOn = (session: InferenceSession, given: Tensors): Promise<Record<string, Tensor>> =>
  session.run(only(given, session)).catch(passFailed);

function dispose(...all: readonly Tensors[]): void {
  for (const tensors of all) for (const tensor of Object.values(tensors)) tensor.dispose();
}

/** Waits for both, so that nothing is given up while it is still written to. */
async function together<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (second.status === 'rejected') throw second.reason;
  if (first.status === 'rejected') throw first.reason;
  return [first.value, second.value];
}

function whole(
  { gradients }: SplitGraph,
  { forward, backward }: Sessions,
): Pick<DevicePass, 'run'> {
  return {
    async run({ given, positions, loss, take }) {
      const kept = await runOn(forward, given);
      let results: Tensors = {};
      try {
        const logits = kept.logits!;
        const { found } = await loss(logits.gpuBuffer, 0, positions);
        if (!take) return [await found];
        const going = runOn(backward, { ...given, ...kept, dlogits: logits });
        const [read, ran] = await together(
          found,
          going.then((made) => {
            results = made;
            return made;
          }),
        );
        await take([...gradients.values()].map((name) => ran[name]!.gpuBuffer));
        return [read];
      } finally {
        dispose(kept, results);
      }
    },
  };
}

function inParts(
  { cut, normalized }: CutSplitGraph,
  { Tensor }: OrtRuntime,
  device: GPUDevice,
  body: Sessions,
  head: Sessions,
): Pick<DevicePass, 'run'> {
  const { hidden, width, inHead, inBody } = cut;
  const dimsOf = new Map(normalized.parameters.map(({ name, dims }) => [name, dims]));
  const sizeOf = (name: string) => dimsOf.get(name)!.reduce((size, dim) => size * dim, 4);
  const row = 4 * width;
  const tensor = (buffer: GPUBuffer, dims: readonly number[]) =>
    Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: [...dims] });

  function copy(from: GPUBuffer, at: number, to: GPUBuffer, begin: number, bytes: number): void {
    const encoder = device.createCommandEncoder({ label: 'hidden states' });
    encoder.copyBufferToBuffer(from, at, to, begin, bytes);
    device.queue.submit([encoder.finish()]);
  }

  return {
    async run<T>({ given, positions, columns, loss, unit, take }: Asked<T>) {
      const most = Math.max(unit, Math.floor(cut.rows / unit) * unit);
      const founds: Promise<T>[] = [];
      const kept = await runOn(body.forward, given);
      let sums: Tensors = {};
      let results: Tensors = {};
      let scratch: readonly GPUBuffer[] = [];
      try {
        const states = kept[hidden]!.gpuBuffer;
        const sizes = take ? [positions * row, ...inHead.map(sizeOf)] : [];
        scratch = await takeScratch(device, 'head', [Math.min(most, positions) * row, ...sizes]);
        const [piece, back, ...zeros] = scratch as [GPUBuffer, GPUBuffer, ...GPUBuffer[]];
        let before: Tensors = Object.fromEntries(
          zeros.map((buffer, i) => {
            const name = inHead[i]!;
            return [sumName(name), tensor(buffer, dimsOf.get(name)!)];
          }),
        );
        for (const { first, count } of chunksOf(positions, most)) {
          copy(states, first * row, piece, 0, count * row);
          const some = { ...given, [hidden]: tensor(piece, [1, count, width]) };
          const made = await runOn(head.forward, some);
          try {
            const { found } = await loss(made.logits!.gpuBuffer, first, count);
            found.catch(() => {}); // whoever waits for all hears of it
            founds.push(found);
            if (!take) continue;
            const ran = await runOn(head.backward, {
              ...some,
              ...made,
              dlogits: made.logits!,
              ...before,
            });
            const { [gradientName(hidden)]: states, ...more } = ran;
            copy(states!.gpuBuffer, 0, back, first * row, count * row);
            states!.dispose();
            dispose(sums);
            sums = more;
            before = Object.fromEntries(
              inHead.map((name) => [sumName(name), more[gradientName(name)]!]),
            );
          } finally {
            dispose(made);
          }
        }
        if (!take) return await Promise.all(founds);
        const seed = tensor(back, [positions / columns, columns, width]);
        const going = runOn(body.backward, {
          ...given,
          ...kept,
          ...before,
          [`d${hidden}`]: seed,
        }).then((made) => {
          results = made;
          return made;
        });
        const [read, ran] = await together(Promise.all(founds), going);
        const own = new Set(inBody);
        await take(
          normalized.parameters.map(({ name }) => {
            const gradient = gradientName(name);
            return (own.has(name) ? ran : sums)[gradient]!.gpuBuffer;
          }),
        );
        return read;
      } finally {
        dispose(kept, sums, results);
        for (const buffer of scratch) buffer.destroy();
      }
    },
  };
}
