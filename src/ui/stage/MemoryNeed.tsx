// What a training is going to take, before it is begun.

import { bytes } from '../../state/format.ts';
import { memoryOf } from '../../state/memory.ts';
import { usePage } from '../app.ts';

export function MemoryNeed() {
  const experiment = usePage((state) => state.experiment);
  const stored = usePage((state) => state.stored);
  const { parts, bytes: all, atLeast } = memoryOf(experiment, stored);
  if (all === 0) return null;
  return (
    <p className="fine">
      Memory, {atLeast ? 'at least' : 'about'} {bytes(all)}:{' '}
      {parts.map(({ title, bytes: size }) => `${bytes(size)} ${title}`).join(', ')}. The runtime’s
      own comes on top. Should it be short, passes are halved and the training goes on; fewer rows
      of a pass, prompts or completions take less.
    </p>
  );
}
