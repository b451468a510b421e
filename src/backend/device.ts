// Looks for a GPU and says in words what it found. Four answers, because the remedy differs: a browser
// without WebGPU, a WebGPU without an adapter, an adapter that is software, a real one.

export type DeviceClass = 'noWebGpu' | 'noAdapter' | 'software' | 'real';

export interface FoundDevice {
  readonly deviceClass: DeviceClass;
  /** The adapter in words, empty when there is none. */
  readonly adapter: string;
  /** One sentence: why this class, and what to do to change it. */
  readonly why: string;
  /** Features that the device has and something here can use. */
  readonly features: readonly string[];
  readonly device: GPUDevice | undefined;
}

/** Accelerators for ONNX Runtime and for timing; nothing of ours requires them. */
const FEATURES = ['shader-f16', 'subgroups', 'timestamp-query'] as const;

/** Bytes of the largest tensor that a checkpoint may hold; the adapter may allow less. */
const LARGEST_BUFFER = 4 * 2 ** 30 - 4;
/** What ONNX Runtime's own device would ask for; each is lowered to what the adapter has. */
const LIMITS: Readonly<Record<string, number>> = {
  maxBufferSize: LARGEST_BUFFER,
  maxStorageBufferBindingSize: LARGEST_BUFFER,
  maxStorageBuffersPerShaderStage: 16,
  maxComputeWorkgroupStorageSize: 65_536,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupSizeX: 1024,
  maxComputeWorkgroupSizeY: 1024,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupsPerDimension: 65_535,
};

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

function inWords({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  const words = [description || device, vendor, architecture].filter((word) => word !== '');
  return [...new Set(words)].join(', ');
}

/** Browsers before 2025 do not say what a device runs on: then it counts as hardware. */
export const isSoftware = (info: GPUAdapterInfo | undefined): boolean =>
  info !== undefined &&
  (info.isFallbackAdapter === true ||
    SOFTWARE.test(`${info.description} ${info.device} ${info.architecture}`));

/** @param gpu where to look; a page's or a worker's own by default. */
export async function findDevice(
  gpu: GPU | undefined = globalThis.navigator?.gpu,
): Promise<FoundDevice> {
  const nothing = { adapter: '', features: [], device: undefined } as const;
  if (!gpu) {
    const why =
      globalThis.isSecureContext === false
        ? 'Browsers offer WebGPU only to secure pages: open this page over https or from localhost.'
        : 'This browser has no WebGPU: use a current Chrome or Edge, or Safari 26, to compute on the GPU.';
    return { ...nothing, deviceClass: 'noWebGpu', why };
  }

  // An adapter can be used once and goes stale: it is asked for right before the device.
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter) {
    const why =
      'The browser has WebGPU but found no adapter: turn on graphics acceleration in its settings (chrome://gpu says what is off), then reload.';
    return { ...nothing, deviceClass: 'noAdapter', why };
  }
  const text = inWords(adapter.info);
  const features = FEATURES.filter((feature) => adapter.features.has(feature));
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      label: 'tandem',
      requiredFeatures: features,
      requiredLimits: requiredLimits(adapter.limits),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const why = `The adapter gave no device (${reason}): reload the page, or restart the browser if that does not help.`;
    return { ...nothing, adapter: text, deviceClass: 'noAdapter', why };
  }

  const found = { adapter: text, features, device };
  if (isSoftware(adapter.info)) {
    const why =
      'The only adapter is a software renderer, which is slower than wasm: turn on graphics acceleration in the browser’s settings if this machine has a GPU.';
    return { ...found, deviceClass: 'software', why };
  }
  return { ...found, deviceClass: 'real', why: 'A GPU was found and is used.' };
}

function requiredLimits(limits: GPUSupportedLimits): Record<string, number> {
  const required: Record<string, number> = {};
  for (const [name, need] of Object.entries(LIMITS)) {
    const has: unknown = Reflect.get(limits, name);
    if (typeof has === 'number') required[name] = Math.min(has, need);
  }
  return required;
}
