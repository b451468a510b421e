// What a training is going to take, before it is begun.

import { bytes } from '../../state/format.ts';
import { memoryOf } from '../../state/memory.ts';
import { usePage } from '../app.ts';

/** What WebAssembly can address. Bytes. */
const ADDRESSABLE = 2 ** 32;

/** @param brief the sum alone */
export function MemoryNeed({ brief = false }: { brief?: boolean }) {
  const experiment = usePage((state) => state.experiment);
  const stored = usePage((state) => state.stored);
  const wasm = usePage(({ experiment: { provider }, hardware }) =>
    provider === 'auto' ? hardware?.provider === 'wasm' : provider === 'wasm',
  );
  const { parts, bytes: all, atLeast } = memoryOf(experiment, stored);
  if (all === 0) return null;
  return (
    <>
      <p className="fine">
        Memory, {atLeast ? 'at least' : 'about'} {bytes(all)}
        {brief
          ? ' and what the runtime takes for itself.'
          : `: ${parts.map(({ title, bytes: size }) => `${bytes(size)} ${title}`).join(', ')}. The runtime’s own comes on top. Should it be short, passes are halved and the training goes on; fewer rows of a pass, prompts or completions take less.`}
      </p>
      {wasm && all > ADDRESSABLE && (
        <p role="status">
          That is more than WebAssembly can address ({bytes(ADDRESSABLE)}): train adapters (LoRA),
          choose a smaller checkpoint, or let models run on a GPU.
        </p>
      )}
    </>
  );
}
