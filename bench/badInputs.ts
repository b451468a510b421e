// How long a bad input takes to be refused, and what of it stays in memory: all of the corpus in Node, once with everything
// new and once more. On a machine that others use too the processor's time tells more than the clock on the wall.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadNodeRuntime } from '../cli/nodeRuntime.ts';
import { readModel, writeModel } from '../src/onnx/model.ts';
import {
  type BadInput,
  badInputs,
  checkpointInput,
  type Kind,
  withModel,
} from '../test/badInputs/all.ts';
import { familyBytes } from '../test/families/index.ts';
import { machine } from './report.ts';
import { median } from './turns.ts';

/** Milliseconds that an answer may take, and beyond how many bytes it may take the other. */
const LIMIT = { ms: 250, large: 1000, bytes: 100e6 };

interface Taken {
  readonly input: BadInput;
  readonly wall: number;
  readonly computed: number;
}

interface Held {
  readonly heap: number;
  readonly resident: number;
}

export async function benchBadInputs(): Promise<string> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const runtime = await loadNodeRuntime();
  const inputs = [...badInputs(), ...largeInputs()];
  const held = async (): Promise<Held> => {
    for (let i = 0; i < 3; i++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    return { heap: heapUsed + external, resident: rss };
  };
  const pass = async (): Promise<Taken[]> => {
    const taken: Taken[] = [];
    for (const input of inputs) {
      const [begun, used] = [performance.now(), process.cpuUsage()];
      await input.run(runtime).catch(() => {});
      const { user, system } = process.cpuUsage(used);
      taken.push({ input, wall: performance.now() - begun, computed: (user + system) / 1000 });
    }
    return taken;
  };
  const memory = [await held()];
  const passes: Taken[][] = [];
  for (let number = 0; number < 3; number++) {
    passes.push(await pass());
    memory.push(await held());
  }
  return report(passes, memory);
}

/** Too large for the tests: files of 120 MB that are cut off, damaged, or nothing. */
function largeInputs(): BadInput[] {
  const size = 120e6;
  const model = readModel(familyBytes('llama', 1));
  const weight = model.graph!.initializer.find(({ dims }) => dims.length === 2)!;
  weight.dims = [BigInt(size / 400), 100n];
  weight.rawData = new Uint8Array(size);
  const whole = writeModel(model);
  weight.dims = [1n, 1n];
  const one = (name: string, bytes: Uint8Array<ArrayBuffer>) =>
    checkpointInput('ONNX', `120 MB: ${name}`, withModel(bytes));
  return [
    one('cut off', whole.slice(0, -1000)),
    one('a weight of another size', writeModel(model)),
    one('zeros', new Uint8Array(size)),
    one('cut off at the beginning', whole.slice(1000)),
    one('a weight whose sizes do not fit', whole),
  ];
}

const limitOf = ({ bytes }: BadInput) => (bytes > LIMIT.bytes ? LIMIT.large : LIMIT.ms);
const isUsual = ({ bytes }: BadInput) => bytes <= LIMIT.bytes;
const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const mb = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;

function report(passes: readonly (readonly Taken[])[], memory: readonly Held[]): string {
  const [first = [], second = []] = passes;
  const kinds: readonly Kind[] = ['ONNX', 'safetensors', 'configuration', 'tokenizer', 'drop'];
  const row = (name: string, fits: (one: Taken) => boolean) => {
    const cells = [first, second].map((all) => {
      const own = all.filter(fits);
      const worst = own.reduce((most, one) => (one.wall > most.wall ? one : most));
      const computed = Math.max(...own.map((one) => one.computed));
      const over = own.filter((one) => one.computed > limitOf(one.input)).length;
      return `${ms(median(own.map(({ wall }) => wall)))} | ${ms(worst.wall)} (${worst.input.name}) | ${ms(computed)} | ${over}`;
    });
    return `| ${name} | ${first.filter(fits).length} | ${cells.join(' | ')} |`;
  };
  return [
    '# Bad input',
    '',
    `How long it takes until a damaged, hostile or foreign file is refused in words (\`test/badInputs\`), in Node, ${machine()}.`,
    'The limit is 250 ms, 1 s for more than 100 MB. The first pass meets code that has not run before; computing is the time of',
    'the processor, which others on the same machine do not touch, and what is counted is how often it was above the limit.',
    '',
    '| | inputs | first pass: median | longest | most computing | above | second pass: median | longest | most computing | above |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...kinds.map((kind) => row(kind, ({ input }) => input.kind === kind && isUsual(input))),
    row('more than 100 MB', ({ input }) => !isUsual(input)),
    row('all', () => true),
    '',
    'Memory after collecting garbage (JavaScript’s objects and arrays; the whole process):',
    '',
    '| before | after the first pass | after the second | after the third |',
    '|---|---|---|---|',
    `| ${memory.map(({ heap, resident }) => `${mb(heap)}; ${mb(resident)}`).join(' | ')} |`,
    '',
    'Reproduce: `npm run bench -- badInputs`',
    '',
  ].join('\n');
}
