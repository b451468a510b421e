// What a kept checkpoint says of itself to whoever finds its folder: what it is, how well it does, and everything
// that it takes to make it again.

import type { KeptCheckpoint } from '../core/kept.ts';
import { checkpointTitle, methods, taskList } from '../experiment/catalogue.ts';
import { decode } from '../experiment/link.ts';
import { parseFileId } from '../experiment/names.ts';

/** README.md, as Markdown. */
export function cardOf(kept: KeptCheckpoint): string {
  const { name, parameters, step, scores, measuredAt, base, recipe, saved } = kept;
  const { experiment } = decode(recipe);
  const { method, task, difficulty, data, seed, params } = experiment;
  const file = parseFileId(data);
  const source = file
    ? `the examples of ${plain(file.name)} (SHA-256 ${file.sha256})`
    : `the task “${taskList[task].title}”, difficulty ${difficulty}`;
  const batch = params.batch === undefined ? '' : ` of ${params.batch} examples`;
  const rows = Object.entries(scores).map(
    ([key, value]) => `| ${plain(key)} | ${told(key, value)} |`,
  );
  return `# ${plain(name)}

Trained from ${plain(checkpointTitle(base))} by ${methods[method].title.toLowerCase()} on ${source}, in a browser, with Tandem.

- ${parameters.toLocaleString('en-US')} parameters in float32
- seed ${seed}, ${step.toLocaleString('en-US')} steps${batch}
- ${new Date(saved).toISOString().slice(0, 10)}

| held-out examples, after step ${measuredAt.toLocaleString('en-US')} | |
|---|---|
${rows.join('\n')}

The loss is the mean over tokens. Answers are greedy, and a held-out example is none that was learned from; of a task, the shortest problems may occur in both.

## Recipe

Open Tandem with this behind its address, and press Run:

\`\`\`
${recipe}
\`\`\`

\`\`\`json
${JSON.stringify(experiment, undefined, 2)}
\`\`\`
`;
}

const told = (key: string, value: number): string =>
  key === 'loss' ? `${value.toFixed(4)} nats per token` : `${(100 * value).toFixed(1)} %`;

/** Names come from people: nothing in them is markup. */
const plain = (text: string): string => text.replace(/[\\`*_{}[\]<>#|]/g, '\\$&');
