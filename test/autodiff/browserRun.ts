// Runs graphs on a page's runtime (wasm or WebGPU) for tests.

import type { OrtRuntime, Tensor } from '../../src/models/runtime.ts';
import type { Graph } from '../../src/onnx/graph.ts';
import { writeModel } from '../../src/onnx/model.ts';
import { modelFrom } from '../../src/onnx/proto.ts';
import type { Feeds, Result, Results, Value } from './values.ts';

/** Integers become what the graph asks for: lowered for WebGPU it reads int32. */
function tensorOf({ dims, data, type }: Value, wanted: string, { Tensor }: OrtRuntime): Tensor {
  if (wanted === 'int32') return new Tensor('int32', Int32Array.from(data, Number), dims);
  if (data instanceof Float32Array) return new Tensor('float32', data, dims);
  if (data instanceof Float64Array) return new Tensor('float64', data, dims);
  if (data instanceof BigInt64Array) return new Tensor('int64', data, dims);
  if (data instanceof Int32Array) return new Tensor('int32', data, dims);
  return new Tensor(type ?? 'uint8', data, dims);
}

/** One run; outputs come home, wherever they are. */
export async function runOn(runtime: OrtRuntime, graph: Graph, feeds: Feeds): Promise<Results> {
  const session = await runtime.createSession(writeModel(modelFrom(graph)));
  try {
    const given = session.inputMetadata.map((input) => {
      const value = feeds[input.name];
      if (value === undefined) throw new Error(`no feed for '${input.name}'`);
      return [input.name, tensorOf(value, input.isTensor ? input.type : '', runtime)] as const;
    });
    const outputs = await session.run(Object.fromEntries(given));
    const home = Object.entries(outputs).map(async ([name, tensor]) => {
      const { dims, type } = tensor;
      const data = Array.from((await tensor.getData()) as ArrayLike<number | bigint>, Number);
      tensor.dispose();
      return [name, { dims, type, data } satisfies Result] as const;
    });
    return Object.fromEntries(await Promise.all(home));
  } finally {
    await session.release();
  }
}
