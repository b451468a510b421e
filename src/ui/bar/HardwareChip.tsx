// What the models and the kernels run on: a chip in the bar, and behind it the sentence that says why.

import type { KernelChoice, ProviderChoice } from '../../experiment/experiment.ts';
import { chipText, deviceName, kernelsName, planned, providerName } from '../../state/hardware.ts';
import { shownRun } from '../../state/store.ts';
import { useActions, usePage } from '../app.ts';

export function HardwareChip() {
  const hardware = usePage((state) => state.hardware);
  const experiment = usePage((state) => state.experiment);
  const run = usePage(shownRun);
  const { set } = useActions();
  const plan = planned(experiment, hardware);
  return (
    <>
      <button type="button" className="button chip" popoverTarget="hardware">
        <span className={`lamp ${hardware?.deviceClass ?? 'unknown'}`} aria-hidden="true" />
        <span>
          {chipText(plan)}
          {plan && plan.provider !== plan.kernels && <span className="wide"> kernels</span>}
        </span>
      </button>
      <div id="hardware" popover="auto" className="sheet" role="dialog" aria-label="Hardware">
        <h2>{hardware ? deviceName[hardware.deviceClass] : 'Looking for a GPU'}</h2>
        {hardware && (
          <>
            {hardware.adapter && <p className="mono">{hardware.adapter}</p>}
            <p>{hardware.why}</p>
          </>
        )}
        <label className="field">
          Models run on
          <select
            value={experiment.provider}
            onChange={({ target }) => set('provider', target.value as ProviderChoice)}
          >
            <option value="auto">
              Automatic{hardware ? `: ${providerName(hardware.provider)}` : ''}
            </option>
            <option value="wasm">WebAssembly</option>
            <option value="webgpu">WebGPU</option>
          </select>
        </label>
        <label className="field">
          Kernels run as
          <select
            value={experiment.kernels}
            onChange={({ target }) => set('kernels', target.value as KernelChoice)}
          >
            <option value="auto">
              Automatic{hardware ? `: ${kernelsName(hardware.kernels)}` : ''}
            </option>
            <option value="cpu">TypeScript on the CPU</option>
            <option value="webgpu">WGSL on WebGPU</option>
          </select>
        </label>
        {run?.uses && (
          <p className="fine">
            Run {run.id}: models on {providerName(run.uses.provider)}, kernels as{' '}
            {kernelsName(run.uses.kernels)}.
          </p>
        )}
        {hardware && hardware.features.length > 0 && (
          <details>
            <summary>{hardware.features.length} features of the adapter</summary>
            <p className="fine mono">{hardware.features.join(', ')}</p>
          </details>
        )}
        <p className="fine">Nothing leaves this browser: models, prompts and texts stay here.</p>
      </div>
    </>
  );
}
