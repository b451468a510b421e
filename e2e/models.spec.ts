// Checkpoints that people bring: dropped, looked at, run, trained, taken out and brought again; or fetched from a server
// whose address was typed, and from nowhere else.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { writeModel } from '../src/onnx/model.ts';
import { modelFrom } from '../src/onnx/proto.ts';
import { familyConfig, familyGraph } from '../test/families/index.ts';
import { nameless } from '../test/families/ports.ts';
import { type HubServer, hubServer } from '../test/support/hubServer.ts';
import { accessible } from './axe.ts';
import { button, finished, modelFile, open, status, text } from './page.ts';

const place = (page: Page, name: string) =>
  page
    .getByRole('radiogroup', { name: 'Place' })
    .getByLabel(name, { exact: true })
    .check({ force: true });
const choose = (page: Page, path: string) =>
  page.getByLabel('Folder of a checkpoint').setInputFiles(path);
const candidate = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const keep = (page: Page, name: string) =>
  candidate(page, name).getByRole('button', { name: /Keep in this browser/ });
const cardOf = (page: Page, name: string) => page.getByRole('article', { name });

/** What must be dropped too. */
const missing = (page: Page) => page.locator('.missing');

/** Two folders, with what systems leave in them. */
function pair(): string {
  const top = mkdtempSync(join(tmpdir(), 'tandem-pair-'));
  cpSync('test/fixtures/torch-small', join(top, 'little'), { recursive: true });
  cpSync('public/models/base-small', join(top, 'big'), { recursive: true });
  for (const litter of ['.DS_Store', 'little/Thumbs.db', '__MACOSX/little/._model.onnx']) {
    mkdirSync(dirname(join(top, litter)), { recursive: true });
    writeFileSync(join(top, litter), 'x');
  }
  return top;
}

/** Files of a zip archive that compresses nothing. */
function unzip(zip: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let end = zip.length - 22;
  while (zip.readUInt32LE(end) !== 0x06054b50) end--;
  let at = zip.readUInt32LE(end + 16);
  for (let i = 0; i < zip.readUInt16LE(end + 10); i++) {
    const size = zip.readUInt32LE(at + 24);
    const [name, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    const local = zip.readUInt32LE(at + 42);
    const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    files.set(zip.toString('utf8', at + 46, at + 46 + name), zip.subarray(begin, begin + size));
    at += 46 + name + extra + comment;
  }
  return files;
}

async function greedy(page: Page): Promise<string> {
  await page.getByLabel('Method', { exact: true }).selectOption('greedy');
  await button(page, 'Run').click();
  await finished(page);
  return (await text(page).textContent()) ?? '';
}

test('a pair of folders: dropped, kept, run together, trained, exported, and brought again', async ({
  page,
}) => {
  await open(page, '#v=1&method=bild&maxTokens=16&prompt=say+7%3A+');
  await place(page, 'Models');
  await expect(page.getByText('Nothing yet.')).toBeVisible();

  // A tokenizer alone: it is said what is missing, and the next drop joins it.
  await page
    .getByLabel('Files of a checkpoint')
    .setInputFiles('test/fixtures/torch-small/tokenizer.json');
  await expect(missing(page)).toContainText('This is the tokenizer; drop model.onnx too');
  // What cannot be used says why, and what to do.
  await page.getByLabel('Files of a checkpoint').setInputFiles({
    name: 'model.onnx',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'),
  });
  await expect(missing(page)).toContainText('run “git lfs pull”');
  await accessible(page);
  await button(page, 'Put away').click();

  await choose(page, pair());
  await expect(keep(page, 'little')).toBeVisible();
  await keep(page, 'little').click();
  const little = cardOf(page, 'little');
  await expect(little.getByRole('row', { name: /Train fully/ })).toContainText('yes');
  await expect(little.getByRole('row', { name: /Run on the CPU/ })).toContainText('yes');
  await expect(little.getByRole('list', { name: 'Tokens' }).getByRole('listitem')).toHaveCount(9);
  await keep(page, 'big').click();
  await expect(cardOf(page, 'big').getByRole('row', { name: /Train fully/ })).toBeVisible();
  await expect(cardOf(page, 'big').getByRole('row', { name: /Join.*little/ })).toContainText(
    'BiLD',
  );
  await expect(page.getByRole('region', { name: 'Dropped' })).toHaveCount(0);
  await accessible(page);

  // One drafts, the other corrects.
  await button(page, 'Card of little').click();
  await button(page, 'Decode with it').click();
  await page.getByLabel('Large', { exact: true }).selectOption({ label: 'big' });
  await button(page, 'Run').click();
  await finished(page);
  await expect(text(page)).not.toBeEmpty();

  // It learns, and what comes out is a checkpoint like any other.
  await place(page, 'Models');
  await button(page, 'Train it').click();
  for (const [label, value] of [
    ['Steps', '2'],
    ['Batch', '4'],
  ] as const) {
    await page.getByLabel(`${label}, number`, { exact: true }).fill(value);
  }
  await page.getByLabel('Held-out problems').fill('2');
  await button(page, 'Run').click();
  await finished(page, 60_000);
  const name = await page
    .getByRole('region', { name: 'Kept as a checkpoint' })
    .getByLabel('Name')
    .inputValue();
  await button(page, 'Generate with it').click();
  const before = await greedy(page);

  // Out, as files; gone for good; in again.
  await place(page, 'Models');
  const download = page.waitForEvent('download');
  await button(page, `Export ${name}`).click();
  const files = unzip(readFileSync(await (await download).path()));
  const top = mkdtempSync(join(tmpdir(), 'tandem-again-'));
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), bytes);
  }
  // Byte for byte what was not trained.
  expect(files.get(`${name}/tokenizer.json`)).toEqual(
    readFileSync('test/fixtures/torch-small/tokenizer.json'),
  );
  await button(page, `Delete ${name}`).click();
  await button(page, 'Delete for good').click();
  await expect(status(page)).toContainText('The trash is empty');
  await choose(page, join(top, name));
  await keep(page, name).click();
  await cardOf(page, name).getByRole('button', { name: 'Decode with it' }).click();
  expect(await greedy(page)).toBe(before);

  // It survives a reload, and a deletion can be taken back.
  await page.reload();
  await place(page, 'Models');
  await button(page, `Delete ${name}`).click();
  await button(page, `Restore ${name}`).click();
  await expect(button(page, `Card of ${name}`)).toBeVisible();
});

/** Turns end as texts do: the vocabulary has no other special token. */
const TEMPLATE =
  '{{ bos_token }}{% for m in messages %}{{ m.role + ": " + m.content + eos_token }}{% endfor %}' +
  '{% if add_generation_prompt %}assistant: {% endif %}';

test('files are dropped anywhere or pasted, their ports are named, they chat, and leave as a folder', async ({
  page,
}) => {
  // No browser lets a test choose a folder of the disk; one of the browser’s own file system is as good.
  await page.addInitScript(() => {
    Object.assign(globalThis, {
      showDirectoryPicker: async () =>
        (await navigator.storage.getDirectory()).getDirectoryHandle('out', { create: true }),
    });
  });
  await open(page);
  const data = await page.evaluateHandle(
    (json) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([json], 'renamed.txt'));
      return transfer;
    },
    readFileSync('test/fixtures/torch-small/tokenizer.json', 'utf8'),
  );
  await page.dispatchEvent('main', 'dragenter', { dataTransfer: data });
  await expect(page.getByText('Drop a checkpoint: a folder, or its files')).toBeVisible();
  await page.dispatchEvent('main', 'drop', { dataTransfer: data });
  await expect(missing(page)).toContainText('This is the tokenizer; drop model.onnx too');
  await expect(page.getByText('Drop a checkpoint: a folder, or its files')).toBeHidden();

  // What is pasted joins what was dropped.
  const graph = nameless(familyGraph('llama without a cache'));
  const model = Buffer.from(writeModel(modelFrom(graph)));
  const pasted = await page.evaluateHandle(
    ([base64, config, template]) => {
      const transfer = new DataTransfer();
      const bytes = Uint8Array.from(atob(base64 as string), (one) => one.charCodeAt(0));
      transfer.items.add(new File([bytes], 'model.onnx'));
      transfer.items.add(new File([config as string], 'config.json'));
      transfer.items.add(new File([template as string], 'chat_template.jinja'));
      return transfer;
    },
    [model.toString('base64'), JSON.stringify(familyConfig), TEMPLATE],
  );
  await page.evaluate((clipboardData) => {
    dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, pasted);
  await keep(page, 'model').click();
  const card = cardOf(page, 'model');
  // Nothing is run in this place.
  await expect(button(page, 'Run')).toHaveCount(0);

  // Nobody can tell what its inputs are, so one says it.
  await expect(card.getByRole('row', { name: /Run on the CPU/ })).toContainText('no');
  await card.getByLabel('arg0 is').selectOption('token ids');
  await button(page, 'Use it so').click();
  await expect(card.getByRole('alert')).toContainText('not understood: arg1');
  await card.getByLabel('arg1 is').selectOption('attention mask');
  await accessible(page);
  await button(page, 'Use it so').click();
  await expect(card.getByRole('row', { name: /Run on the CPU/ })).toContainText('yes');

  // As chat it reads what its template makes of a message, on the card and in a run.
  await expect(card.getByText('<bos>user: say 42: <eos>assistant: ')).toBeVisible();
  await card.getByLabel('As', { exact: true }).selectOption('large');
  await button(page, 'Decode with it').click();
  await page.getByLabel('Method', { exact: true }).selectOption('greedy');
  await page.getByLabel('Prompt', { exact: true }).fill('say 7');
  await page.getByLabel('Most new tokens').fill('8');
  await page.getByLabel('As chat').check();
  await button(page, 'Run').click();
  await finished(page);
  // Blanks are shown.
  await expect(page.locator('main')).toContainText('<bos>user:·say·7<eos>assistant:·');
  expect(page.url()).toContain('promptAs=chat');

  // Into a folder that is chosen: every file as it came.
  await place(page, 'Models');
  await button(page, 'Export into a folder').click();
  await expect(status(page)).toContainText('was written into the folder');
  const written = await page.evaluate(async () => {
    const folder = await navigator.storage
      .getDirectory()
      .then((top) => top.getDirectoryHandle('out'));
    const names: string[] = [];
    for await (const name of folder.keys()) names.push(name);
    const file = await folder.getFileHandle('model.onnx').then((handle) => handle.getFile());
    const bytes = new Uint8Array(await file.arrayBuffer());
    return { names, model: bytes.reduce((text, byte) => text + String.fromCharCode(byte), '') };
  });
  expect(written.names.sort()).toEqual([
    'chat_template.jinja',
    'config.json',
    'model.onnx',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  expect(Buffer.from(written.model, 'latin1').equals(model)).toBe(true);
});

test.describe('from a server', () => {
  let hub: HubServer;
  test.beforeAll(async () => {
    const paths = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'];
    hub = await hubServer({
      files: new Map(paths.map((path) => [path, modelFile(`base-small/${path}`)])),
    });
  });
  test.afterAll(() => hub.close());

  test('nothing leaves the page before an address is typed; then files come, go on after a cancel, and are checked', async ({
    page,
    baseURL,
  }) => {
    const elsewhere: string[] = [];
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(baseURL as string)) {
        elsewhere.push(request.url());
      }
    });
    await open(page, '#v=1&method=greedy&maxTokens=8&prompt=say+7%3A+');
    await button(page, 'Run').click();
    await finished(page);
    // Neither the page nor its worker could, if something in them wanted to.
    const sneak = (url: string) =>
      fetch(url).then(
        () => 'answered',
        () => 'refused',
      );
    expect(await page.evaluate(sneak, hub.base)).toBe('refused');
    expect(page.workers()).toHaveLength(1);
    for (const worker of page.workers())
      expect(await worker.evaluate(sneak, hub.base)).toBe('refused');
    expect(hub.asked).toEqual([]);
    // Nor does a text become markup.
    const inject = () => {
      try {
        document.body.insertAdjacentHTML('beforeend', '<img src="x">');
        return 'allowed';
      } catch {
        return 'refused';
      }
    };
    expect(await page.evaluate(inject)).toBe('refused');
    expect(page.frames()).toHaveLength(1);

    await place(page, 'Models');
    await page.getByLabel('Address of a model').fill('http://example.org/org/tiny');
    await button(page, 'Show files').click();
    await expect(page.getByText('an address without encryption')).toBeVisible();
    expect(page.frames()).toHaveLength(1);
    await page.getByLabel('Address of a model').fill(`${hub.base}/org/tiny`);
    await button(page, 'Show files').click();
    await expect(button(page, /^Download/)).toBeVisible();
    await accessible(page);
    hub.holdAfter = 200_000;
    await button(page, /^Download/).click();
    await expect(page.getByRole('row', { name: /model\.onnx/ })).toContainText('200');
    await button(page, 'Cancel').click();
    await expect(status(page)).toContainText('was cancelled');
    // The way out is closed.
    await expect.poll(() => page.frames().length).toBe(1);

    await page.reload();
    await place(page, 'Models');
    await expect(page.getByText('Interrupted downloads')).toBeVisible();
    hub.holdAfter = undefined;
    await button(page, 'Go on').click();
    await expect(cardOf(page, 'tiny')).toBeVisible();
    expect(hub.asked.some((one) => one.includes('bytes=200'))).toBe(true);
    await expect(page.getByText('Interrupted downloads')).toBeHidden();
    await expect.poll(() => page.frames().length).toBe(1);
    expect(elsewhere.filter((url) => !url.startsWith(hub.base))).toEqual([]);

    // What came is what was there: it writes as the built-in one does.
    await button(page, 'Decode with it').click();
    const fetched = await greedy(page);
    await page.getByLabel('Small', { exact: true }).selectOption('base-small');
    expect(await greedy(page)).toBe(fetched);
  });
});
