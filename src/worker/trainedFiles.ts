// A trained model as the files of an ordinary checkpoint folder: the ONNX file with its new weights, everything
// else as it was, and a README that says where it comes from.

import type { Files } from './trainRoom.ts';

export interface Provenance {
  readonly name: string;
  /** What it was trained from, as people know it. */
  readonly base: string;
  /** What it learned from, in words. */
  readonly data: string;
  readonly seed: number;
  readonly step: number;
  readonly batch: number;
  readonly parameters: number;
  /** `loss` in nats per token, `accuracy` as a share; measured at step `measuredAt`. */
  readonly scores: Readonly<Record<string, number>>;
  readonly measuredAt: number;
  /** LoRA: the adapters by themselves, as files that PEFT reads. */
  readonly adapter?: Files;
  /** The experiment that made it, as a link's fragment. */
  readonly recipe: string;
}

export function trainedFiles(base: Files, model: Uint8Array, about: Provenance): Files {
  const files = new Map(base);
  files.set('onnx/model.onnx', model);
  for (const [path, bytes] of about.adapter ?? []) files.set(`adapter/${path}`, bytes);
  files.set('README.md', new TextEncoder().encode(readmeOf(about)));
  return files;
}

const number = (value: number) => value.toLocaleString('en-US');

function readmeOf(about: Provenance): string {
  const { loss, accuracy } = about.scores;
  const measured = [
    ...(loss === undefined ? [] : [`loss ${loss.toFixed(4)} nats per token`]),
    ...(accuracy === undefined
      ? []
      : [`${(100 * accuracy).toFixed(1)} % of held-out problems right`]),
  ];
  const line =
    measured.length > 0
      ? `- after step ${number(about.measuredAt)}, on examples that were not learned from: ${measured.join(', ')}`
      : '- it was not measured';
  return `# ${about.name}

Trained in a browser with Tandem from ${about.base}, on ${about.data}.

- ${number(about.parameters)} parameters
- ${number(about.step)} steps of ${about.batch} examples, seed ${about.seed}
${line}
${about.adapter ? '- LoRA: the adapters by themselves are in `adapter/`, as PEFT reads them; `onnx/model.onnx` has them in it\n' : ''}
## Recipe

The experiment that made it, to be put behind the page's address:

    ${about.recipe}
`;
}
