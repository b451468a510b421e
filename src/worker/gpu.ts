// The GPU as the worker has it: one device, shared by ONNX Runtime and the kernels, until it is lost. A
// browser takes devices away (a driver reset, memory pressure, another page that hangs); then what was on it
// is gone, and the next run begins with a new one.

import { findDevice } from '../backend/device.ts';
import { UserError } from '../core/errors.ts';
import { hardwareOf } from './hardware.ts';
import type { Hardware } from './protocol.ts';

/** How long an error waits for the news that the device was lost, which comes about the same time. */
const NEWS_MS = 200;

export interface Gpu {
  /** Looks for a device, if there is none. */
  find(): Promise<Hardware>;
  /** Undefined when there is none, or no more. */
  readonly device: GPUDevice | undefined;
  onLost(listener: (error: UserError) => void): void;
  /** The loss, if it has happened or happens at once. */
  loss(): Promise<UserError | undefined>;
}

export function createGpu(find = findDevice): Gpu {
  const listeners: ((error: UserError) => void)[] = [];
  let device: GPUDevice | undefined;
  let lost: Promise<UserError> | undefined;

  return {
    async find() {
      const found = await find();
      const mine = found.device;
      device = mine;
      lost = mine?.lost.then((info) => {
        if (device === mine) device = undefined;
        const error = lossOf(info);
        for (const listener of listeners) listener(error);
        return error;
      });
      return hardwareOf(found);
    },
    get device() {
      return device;
    },
    onLost: (listener) => listeners.push(listener),
    async loss() {
      if (!lost) return undefined;
      const patience = new Promise<undefined>((resolve) => setTimeout(resolve, NEWS_MS, undefined));
      return Promise.race([lost, patience]);
    },
  };
}

const lossOf = ({ message }: GPUDeviceLostInfo): UserError =>
  new UserError(
    'gpu',
    'The browser took the GPU away, and what was computed on it is lost.',
    'Run again: models are loaded anew. If it happens again, reload the page, or run models and kernels on the processor.',
    { cause: new Error(message || 'the browser gave no reason') },
  );
