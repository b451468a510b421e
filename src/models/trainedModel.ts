// A decoder in training, as the thing that decodes: its file with what is trained taken out, fed at every pass with
// the numbers as they are. Apart from onnxModel.ts, because whoever only decodes need not load what reads ONNX files.

import type { DecoderConfig } from './config.ts';
import { type LiveWeights, OnnxModel } from './onnxModel.ts';
import type { OrtRuntime } from './runtime.ts';
import { type LiveSource, liveFile } from './trainingSource.ts';

/**
 * @param weights everything that is trained, by name
 * @throws UserError 'onnx' when ONNX Runtime refuses it, 'checkpoint' when it is no decoder with cache
 */
export function trainedModel(
  name: string,
  config: DecoderConfig,
  runtime: OrtRuntime,
  source: LiveSource,
  weights: LiveWeights,
): Promise<OnnxModel> {
  return OnnxModel.create(name, name, config, runtime, liveFile(source), { weights });
}
