// A case as files is the case: whoever debugs an operator elsewhere sees what the tests see.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { buildCase, cases } from './cases.ts';
import { main } from './dump.ts';
import { doubles, run } from './run.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tandem-cases-'));
});
afterAll(() => rmSync(root, { recursive: true }));

it('writes graphs and numbers of the operators that are asked for, which run as the cases do', async () => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => {});
  expect(await main([root, 'MatMul', 'Gather'])).toBe(0);
  const count = cases.MatMul.length + cases.Gather.length;
  expect(said).toHaveBeenCalledWith(`${count} cases written to ${root}`);
  said.mockRestore();
  expect(readdirSync(root)).toHaveLength(3 * count);
  for (const [index, rule] of cases.MatMul.entries()) {
    const file = (ending: string) => readFileSync(join(root, `MatMul.${index}.${ending}`));
    const told = JSON.parse(file('json').toString());
    expect([told.case, told.type]).toEqual([rule.name, 'float64']);
    const feeds = Object.fromEntries(
      Object.entries<{ dims: number[]; data: number[] }>(told.feeds).map(([name, value]) => [
        name,
        doubles(value.dims, value.data),
      ]),
    );
    const built = buildCase(rule);
    expect(await run(file('joint.onnx'), feeds)).toEqual(await run(built.joint, feeds));
    const { y } = await run(file('forward.onnx'), feeds);
    expect(y).toEqual((await run(built.forward, feeds)).y);
  }
});

it('names what it does not have', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => {});
  expect(await main([])).toBe(2);
  expect(await main([root, 'Einsum'])).toBe(2);
  expect(said.mock.calls[1]![0]).toContain('There are no cases of Einsum, only of Abs, Add');
  said.mockRestore();
});
