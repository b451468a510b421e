// A decoder in training, as the thing that decodes: its file with the weights taken out, fed at every pass with those
// that are being trained. Apart from onnxModel.ts, because whoever only decodes need not load what reads ONNX files.

import { type ModelProto, writeModel } from '../onnx/model.ts';
import type { Normalized } from '../onnx/normalize.ts';
import { liftWeights } from '../onnx/weights.ts';
import type { DecoderConfig } from './config.ts';
import { type LiveWeights, OnnxModel } from './onnxModel.ts';
import type { OrtRuntime } from './runtime.ts';

/**
 * @param weights every parameter, by name
 * @throws UserError 'onnx' when ONNX Runtime refuses it, 'checkpoint' when it is no decoder with cache
 */
export function trainedModel(
  name: string,
  config: DecoderConfig,
  runtime: OrtRuntime,
  { model, normalized }: { readonly model: ModelProto; readonly normalized: Normalized },
  weights: LiveWeights,
): Promise<OnnxModel> {
  const bytes = writeModel(liftWeights(model, normalized));
  return OnnxModel.create(name, name, config, runtime, bytes, weights);
}
