// Somebody says which input and output is which, through the engine as the page does it: before, the card says what is
// missing; then the model runs, and its file is still the one that was brought.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Files, jsonFile, tokenizerFiles } from '../../test/families/folders.ts';
import { familyConfig, familyGraph } from '../../test/families/index.ts';
import { nameless, namelessRoles } from '../../test/families/ports.ts';
import { is, workerWithFiles } from '../../test/support/workerWithFiles.ts';
import { MODEL_PATH } from '../models/canonical.ts';
import { writeModel } from '../onnx/model.ts';
import { modelFrom } from '../onnx/proto.ts';

const llama = familyGraph('llama');
const model = writeModel(modelFrom(nameless(llama)));
const roles = namelessRoles(llama);
const expected: Record<string, number[]> = JSON.parse(
  readFileSync('test/families/greedy.json', 'utf8'),
);

it('a model that nobody could name runs once its ports are named', async () => {
  const { ask, keep, run, stored } = await workerWithFiles();
  const files: Files = tokenizerFiles()
    .set('config.json', jsonFile(familyConfig))
    .set(MODEL_PATH, model);
  const id = await keep('odd', files);
  const cardOf = async () => is('card', await ask({ type: 'card', checkpoint: id, others: [] }));
  const greedy = { large: id, params: { model: 'large' }, prompt: 'mzr+', maxTokens: 16 };

  const before = await cardOf();
  expect(before.preflight.cpu).toMatchObject({
    can: false,
    why: expect.stringContaining('the model has no input input_ids'),
  });
  expect(before.card.graph.ports.every(({ role }) => role === 'not used')).toBe(true);
  // What types and shapes tell need not be said.
  const guessed = before.card.graph.ports.flatMap(({ name, guess }) =>
    guess ? [[name, guess]] : [],
  );
  expect(guessed).toHaveLength(9);
  expect(roles).toMatchObject(Object.fromEntries(guessed));
  expect(await run(greedy)).toMatchObject([{ type: 'failed', failure: { code: 'checkpoint' } }]);
  // Weights are counted whatever the ports are, and the list says so from then on.
  expect(before.card.parameters).toBeGreaterThan(1000);
  expect(stored().checkpoints[0]?.parameters).toBe(before.card.parameters);

  const [name] = Object.entries(roles).find(([, role]) => role === 'logits')!;
  const { [name]: _, ...less } = roles;
  const refused = await ask({ type: 'setPorts', checkpoint: id, ports: less });
  expect(is('refused', refused).failure.message).toContain('the model has no output logits');
  is('done', await ask({ type: 'setPorts', checkpoint: id, ports: roles }));

  const after = await cardOf();
  expect(after.preflight).toMatchObject({ cpu: { can: true }, trainFully: { can: true } });
  expect(after.card.graph.chosen).toBe(true);
  const said = after.card.graph.ports.map(({ name: own, role }) => [own, role]);
  expect(Object.fromEntries(said)).toEqual(roles);
  const events = await run(greedy);
  const written = events.flatMap((one) => (one.type === 'generated' ? [...one.tokens] : []));
  // What ONNX Runtime writes for the same weights under the usual names.
  expect(written).toEqual(expected.llama);

  const { file } = is('exported', await ask({ type: 'export', id }));
  expect(Buffer.from(await file.arrayBuffer()).includes(Buffer.from(model))).toBe(true);
  // Back to what is found by itself.
  is('done', await ask({ type: 'setPorts', checkpoint: id }));
  expect((await cardOf()).preflight.cpu.can).toBe(false);
});
