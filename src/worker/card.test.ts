// The card and the pre-flight of checkpoints of every kind: figures that can be worked out, and verdicts that are
// found before anything is loaded.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diskFolder } from '../../cli/nodeRuntime.ts';
import {
  type Files,
  jsonFile,
  llamaJson,
  safetensorsFolder,
  tokenizerFiles,
} from '../../test/families/folders.ts';
import { type Family, familyBytes, familyConfig, familyGraph } from '../../test/families/index.ts';
import { swappedVocabulary } from '../../test/support/brokenCheckpoints.ts';
import { processor } from '../../test/support/talkTo.ts';
import { MODEL_PATH } from '../models/canonical.ts';
import { blobFolder } from '../models/folder.ts';
import { readModel, writeModel } from '../onnx/model.ts';
import { readCard } from './card.ts';
import type { Hardware } from './protocol.ts';

const limits = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 };
const gpu: Hardware = { ...processor, deviceClass: 'real', features: [], limits };

const filesOf = (model: Uint8Array<ArrayBuffer>): Files =>
  new Map([...tokenizerFiles(), ['config.json', jsonFile(familyConfig)], [MODEL_PATH, model]]);
const folder = (files: Files, name = 'mine') =>
  blobFolder(name, new Map([...files].map(([path, bytes]) => [path, new Blob([bytes])])));

async function cardOf(
  files: Files,
  { hardware = gpu, other }: { hardware?: Hardware; other?: Files } = {},
) {
  const folders = new Map([
    ['mine', folder(files)],
    ...(other ? [['other', folder(other, 'other')] as const] : []),
  ]);
  const errand = {
    type: 'card' as const,
    request: 1,
    checkpoint: 'mine',
    others: other ? ['other'] : [],
  };
  return readCard(
    errand,
    async (id) => folders.get(id)!,
    async () => hardware,
  );
}
const family = (name: Family, options?: Parameters<typeof cardOf>[1]) =>
  cardOf(filesOf(familyBytes(name)), options);

/** A model of the family whose logits pass through one more node. */
function withExtra(op: string, domain = ''): Uint8Array<ArrayBuffer> {
  const model = readModel(familyBytes('llama'));
  const last = model.graph!.node.at(-1)!;
  last.output = ['before'];
  model.graph!.node.push({
    ...last,
    name: 'extra',
    opType: op,
    domain,
    input: ['before'],
    output: ['logits'],
    attribute: [],
  });
  if (domain !== '') model.opsetImport.push({ ...model.opsetImport[0]!, domain, version: 1n });
  return writeModel(model);
}

describe('the card', () => {
  it('counts what a built-in checkpoint is made of', async () => {
    const { card, preflight } = await readCard(
      { type: 'card', request: 1, checkpoint: 'base-small', others: ['base-large'] },
      async (id) => diskFolder(`public/models/${id}`),
      async () => processor,
    );
    const config = JSON.parse(readFileSync('public/models/base-small/config.json', 'utf8'));
    expect(card.parameters).toBe(177_520);
    expect(card).toMatchObject({
      family: 'GPT-2',
      layers: config.n_layer,
      context: config.n_positions,
    });
    expect(card.counted.map(({ kind }) => kind)).toEqual([
      'embedding',
      'attention',
      'mlp',
      'norm',
      'other',
      'other',
    ]);
    expect(card.graph.ports.filter(({ role }) => role === 'cache in')).toHaveLength(
      2 * config.n_layer,
    );
    expect(card.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(preflight).toMatchObject({
      gpu: { can: false, why: 'No adapter.' },
      cpu: { can: true },
      trainFully: { can: true },
      trainWithLora: { can: true },
    });
    expect(preflight.joins[0]).toMatchObject({ can: true, sharedVocabulary: true });
    expect(preflight.joins[0]!.methods).toContain('BiLD');
  });

  it('counts 4-bit weights as numbers, and what unpacks them as bytes only', async () => {
    const [plain, packed] = [await family('contrib llama'), await family('contrib llama int4')];
    const of = (card: typeof plain.card, kind: string) =>
      card.counted
        .filter((one) => one.kind === kind)
        .reduce((sum, { numbers }) => sum + numbers, 0);
    for (const kind of ['attention', 'mlp', 'norm', 'head', 'embedding']) {
      expect(of(packed.card, kind), kind).toBe(of(plain.card, kind));
    }
    expect(packed.card.counted.some(({ type }) => type === 'int4')).toBe(true);
    expect(packed.card.bytes).toBeLessThan(plain.card.bytes);
  });

  it('knows safetensors, a licence and a chat template', async () => {
    const files = safetensorsFolder(familyGraph('llama'), llamaJson);
    files.set('README.md', new TextEncoder().encode('---\nlicense: apache-2.0\n---\n# Mine\n'));
    files.set('chat_template.jinja', new TextEncoder().encode('{{ messages }}'));
    const { card, preflight } = await cardOf(files);
    expect(card).toMatchObject({
      family: 'Llama',
      layers: 2,
      licence: 'apache-2.0',
      tokenizer: { chatTemplate: true },
    });
    expect(preflight.trainFully.can && preflight.cpu.can && preflight.gpu.can).toBe(true);
  });
});

describe('the pre-flight', () => {
  it.each(['gpt2', 'llama without positions', 'qwen2', 'qwen3', 'contrib llama'] as const)(
    '%s: everything',
    async (name) => {
      const { preflight } = await family(name);
      const { gpu: onGpu, cpu, trainFully, trainWithLora } = preflight;
      expect([onGpu, cpu, trainFully, trainWithLora].map(({ can }) => can)).toEqual([
        true,
        true,
        true,
        true,
      ]);
      expect(preflight.memory.cacheFull).toBe(48 * preflight.memory.cachePerToken);
    },
  );

  it('float16 needs a GPU with shader-f16, and trains as float32', async () => {
    const { preflight } = await family('llama float16');
    expect(preflight.gpu.can).toBe(false);
    expect(preflight.gpu.why).toContain('shader-f16');
    expect(preflight.cpu.can && preflight.trainFully.can).toBe(true);
    const better = await family('llama float16', {
      hardware: { ...gpu, features: ['shader-f16'] },
    });
    expect(better.preflight.gpu.can).toBe(true);
  });

  it('4-bit weights learn with LoRA only', async () => {
    const { preflight } = await family('contrib llama int4');
    expect(preflight.trainFully).toMatchObject({
      can: false,
      operators: ['com.microsoft.MatMulNBits'],
    });
    expect(preflight.trainWithLora.can).toBe(true);
  });

  it('names operators that one provider lacks, that have no gradient, and that nobody has', async () => {
    const block = await cardOf(filesOf(withExtra('GatherBlockQuantized', 'com.microsoft')));
    expect(block.preflight.cpu).toMatchObject({
      can: false,
      operators: ['com.microsoft.GatherBlockQuantized'],
    });
    const scatter = await cardOf(filesOf(withExtra('Selu')));
    expect(scatter.preflight.trainFully).toMatchObject({ can: false, operators: ['Selu'] });
    expect(scatter.preflight.trainWithLora.can).toBe(false);
    expect(scatter.preflight.cpu.can).toBe(true);
    const strange = await cardOf(filesOf(withExtra('Magic', 'my.company')));
    expect(strange.preflight.cpu).toMatchObject({ can: false, operators: ['my.company.Magic'] });
  });

  it('measures against what there is', async () => {
    const tight = { ...gpu, limits: { maxBufferSize: 5000, maxStorageBufferBindingSize: 5000 } };
    const { preflight } = await family('llama', { hardware: tight });
    expect(preflight.gpu.can).toBe(false);
    expect(preflight.gpu.why).toContain('in one piece');
  });

  it('says who can work with whom', async () => {
    const other = filesOf(familyBytes('llama'));
    other.set(
      'tokenizer.json',
      new TextEncoder().encode(
        swappedVocabulary(new TextDecoder().decode(other.get('tokenizer.json'))),
      ),
    );
    const { preflight } = await family('gpt2', { other });
    const [join] = preflight.joins;
    expect(join).toMatchObject({ with: 'other', sharedVocabulary: false });
    expect(join!.why).toContain('do not share a vocabulary');
    expect(join!.methods).not.toContain('BiLD');
  });
});
