// The cases of gradient rules as files, to be opened in Netron or run elsewhere:
//   node scripts/node.mjs test/autodiff/dump.ts DIRECTORY [OPERATOR ...]
// For each case NAME.forward.onnx (x0, x1, ... -> y), NAME.joint.onnx (with dy in and the gradients out), and
// NAME.json, the numbers that the tests feed.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeModel } from '../../src/onnx/model.ts';
import { modelFrom } from '../../src/onnx/proto.ts';
import type { RuleCase } from './caseKit.ts';
import { buildCase, cases } from './cases.ts';
import { draw } from './draw.ts';
import { sessionOf } from './run.ts';

/** @returns the files of one case, by name */
export async function filesOf(
  op: string,
  rule: RuleCase,
  index: number,
): Promise<Map<string, Uint8Array>> {
  const built = buildCase(rule);
  const seed = 7 + index;
  const forward = await sessionOf(built.forward);
  const y = (await forward.run(draw(rule, built, seed, 0).feeds())).y!;
  const { feeds, dy, make } = draw(rule, built, seed, y.data.length);
  const given = Object.entries({ ...feeds(), dy: make(y.dims, dy) });
  const numbers = given.map(([name, { dims, data }]) => [
    name,
    { dims, data: Array.from(data, Number) },
  ]);
  const type = rule.single ? 'float32' : 'float64';
  const json = JSON.stringify(
    { case: rule.name, type, feeds: Object.fromEntries(numbers) },
    null,
    1,
  );
  const stem = `${op}.${index}`;
  return new Map([
    [`${stem}.forward.onnx`, writeModel(modelFrom(built.forward))],
    [`${stem}.joint.onnx`, writeModel(modelFrom(built.joint))],
    [`${stem}.json`, new TextEncoder().encode(json)],
  ]);
}

export async function main([directory, ...operators]: string[]): Promise<number> {
  const unknown = operators.find((op) => !Object.hasOwn(cases, op));
  if (directory === undefined || unknown !== undefined) {
    console.error(
      directory === undefined
        ? 'usage: node scripts/node.mjs test/autodiff/dump.ts DIRECTORY [OPERATOR ...]'
        : `There are no cases of ${unknown}, only of ${Object.keys(cases).join(', ')}.`,
    );
    return 2;
  }
  mkdirSync(directory, { recursive: true });
  let count = 0;
  for (const [op, list] of Object.entries<readonly RuleCase[]>(cases)) {
    if (operators.length > 0 && !operators.includes(op)) continue;
    for (const [index, rule] of list.entries()) {
      for (const [name, bytes] of await filesOf(op, rule, index)) {
        writeFileSync(join(directory, name), bytes);
      }
      count++;
    }
  }
  console.log(`${count} cases written to ${directory}`);
  return 0;
}
