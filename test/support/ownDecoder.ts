// A decoder of our own making, from a seed; for Node and for browsers.

import { type Architecture, decoderGraph } from '../../src/models/decoderGraph.ts';
import { writeModel } from '../../src/onnx/model.ts';
import { modelFrom } from '../../src/onnx/proto.ts';

export const tiny: Architecture = { layers: 2, width: 16, heads: 2, context: 32, vocabulary: 79 };

export const modelBytes = (shape = tiny, seed = 7): Uint8Array<ArrayBuffer> =>
  writeModel(modelFrom(decoderGraph(shape, seed)));
