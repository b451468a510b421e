// Completions of many prompts at once. What prompts have in common is read once for all of their completions; rows are
// padded on the left, so that one more token is one more column; keys and values stay where the model runs; rows that
// have ended leave the batch now and then. Every draw has an address of its own, so what is written does not depend on
// who else is in the batch.

import { DeviceLogits } from '../backend/logits.ts';
import type { Ops } from '../core/ops.ts';
import type { Draw, Writing, Written } from '../core/policy.ts';
import { tooLong } from '../core/trainable.ts';
import { IdBuffer } from './idBuffer.ts';
import { KvCache } from './kvCache.ts';
import type { OnnxModel } from './onnxModel.ts';
import type { Tensor } from './runtime.ts';

export interface RolloutOptions {
  /** Columns of the logits that name a token. */
  readonly vocab: number;
  /** Most rows of a pass; more are written one batch after the other. */
  readonly rows: number;
  /** Called between passes, so that others are heard. */
  readonly between?: () => Promise<void> | void;
}

/** A completion that is being written. */
interface Row {
  readonly slot: number;
  /** What is read before the first token is drawn: the prompt, and what stands already. */
  readonly context: readonly number[];
  /** All of the completion so far. */
  readonly tokens: number[];
  /** Most tokens that it may have, given what the model can read. */
  readonly longest: number;
  done: boolean;
}

/** Rows that have ended leave the batch when no more than this share is left. */
const SHRINK = 0.75;

/** @throws UserError 'context' when the model cannot read a prompt, 'logits' when what it says is no number */
export async function writeCompletions(
  model: OnnxModel,
  ops: Ops,
  draws: readonly Draw[],
  how: Writing,
  options: RolloutOptions,
): Promise<readonly Written[]> {
  const { eos, contextLength } = model.config;
  const ends = (token: number | undefined) => token !== undefined && eos.includes(token);
  const rows = draws.map(({ prompt, begun = [], slot }, i): Row => {
    const context = [...prompt, ...begun];
    if (context.length > contextLength) throw tooLong(i, context.length, contextLength);
    const longest = Math.min(how.longest, contextLength - prompt.length + 1);
    const done = begun.length >= longest || ends(begun.at(-1));
    return { slot, context, tokens: [...begun], longest, done };
  });
  const { attentionMask, positionIds } = model.signature;
  const pads = attentionMask !== undefined && positionIds !== undefined;
  for (const batch of batchesOf(rows, options.rows, pads)) {
    await writeBatch(model, ops, batch, how, options);
  }
  return rows.map(({ tokens }) => ({ tokens, truncated: !ends(tokens.at(-1)) }));
}

/**
 * In the order in which they come, so that those for one prompt stay together.
 * @param pads whether sequences of different lengths can be read together
 */
function batchesOf(rows: readonly Row[], most: number, pads: boolean): Row[][] {
  const batches: Row[][] = [];
  for (const row of rows) {
    if (row.done) continue;
    const last = batches.at(-1);
    const same = pads || last?.[0]?.context.length === row.context.length;
    if (last && last.length < most && same) last.push(row);
    else batches.push([row]);
  }
  return batches;
}

async function writeBatch(
  model: OnnxModel,
  ops: Ops,
  batch: readonly Row[],
  how: Writing,
  { vocab, between = () => {} }: RolloutOptions,
): Promise<void> {
  const eos = new Set(model.config.eos);
  const cache = new KvCache(model.signature.caches, model.runtime);
  const width = Math.max(...batch.map(({ context }) => context.length));
  const pad = ({ context }: Row) => width - context.length;
  try {
    await prefill(model, cache, batch, width);
    let rows = batch;
    for (let columns = width; ; columns++) {
      await between();
      const fed = rows.map((row) => (columns === width ? row.context : row.tokens).at(-1)!);
      const logits = await pass(
        model,
        cache,
        fed.map((token) => [token]),
        rows.map(pad),
        columns,
      );
      try {
        const tokens = await drawn(ops, rowsOf(logits, rows.length, vocab), rows, how);
        rows.forEach((row, r) => {
          if (row.done) return;
          row.tokens.push(tokens[r]!);
          row.done = eos.has(tokens[r]!) || row.tokens.length >= row.longest;
        });
      } finally {
        logits.dispose();
      }
      const left = rows.filter(({ done }) => !done);
      if (left.length > SHRINK * rows.length) continue;
      if (left.length === 0) break;
      cache.reorder(
        rows.flatMap(({ done }, r) => (done ? [] : [r])),
        columns,
      );
      rows = left;
    }
  } finally {
    cache.clear();
  }
}

/** Reads all but the last token of every context, equal ones once. */
async function prefill(
  model: OnnxModel,
  cache: KvCache,
  batch: readonly Row[],
  width: number,
): Promise<void> {
  if (width === 1) return;
  const found = new Map<string, number>();
  const some: Row[] = [];
  const order = batch.map((row) => {
    const key = row.context.join();
    const known = found.get(key);
    if (known !== undefined) return known;
    found.set(key, some.length);
    return some.push(row) - 1;
  });
  const pads = some.map(({ context }) => width - context.length);
  const fed = some.map(({ context }, r) => [
    ...new Array<number>(pads[r]!).fill(0),
    ...context.slice(0, -1),
  ]);
  const logits = await pass(model, cache, fed, pads, width - 1);
  logits.dispose();
  cache.reorder(order, width - 1);
}

/**
 * One pass over the next tokens of every row; the cache grows by them.
 * @param pads columns before each row's first token
 * @param columns of the cache after the pass
 */
async function pass(
  model: OnnxModel,
  cache: KvCache,
  fed: readonly (readonly number[])[],
  pads: readonly number[],
  columns: number,
): Promise<Tensor> {
  const { runtime, signature } = model;
  const { inputIds, attentionMask, positionIds, logits: head } = signature;
  const rows = fed.length;
  const each = fed[0]!.length;
  const ids = new IdBuffer(inputIds.type, rows * each);
  const positions = positionIds && new IdBuffer(positionIds.type, rows * each);
  const mask = attentionMask && new IdBuffer(attentionMask.type, rows * columns);
  fed.forEach((tokens, r) => {
    const pad = pads[r]!;
    tokens.forEach((token, i) => {
      ids.set(r * each + i, token);
      positions?.set(r * each + i, Math.max(0, columns - each + i - pad));
    });
    for (let i = pad; i < columns; i++) mask?.set(r * columns + i, 1);
  });
  const feeds: Record<string, Tensor> = { [inputIds.name]: ids.tensor(runtime, 0, [rows, each]) };
  if (mask && attentionMask) feeds[attentionMask.name] = mask.tensor(runtime, 0, [rows, columns]);
  if (positions && positionIds) {
    feeds[positionIds.name] = positions.tensor(runtime, 0, [rows, each]);
  }
  cache.feed(feeds, rows);
  const outputs = await model.run(feeds);
  cache.adopt(outputs, rows, columns);
  return outputs[head]!;
}

/** The last column's row of each sequence; one column was fed. */
function rowsOf(logits: Tensor, rows: number, vocab: number): DeviceLogits {
  const layout = { rows, vocab, stride: logits.dims[2]!, rowStart: 0, rowStep: 1 };
  if (logits.location === 'gpu-buffer') return new DeviceLogits(logits.gpuBuffer, layout);
  if (logits.data instanceof Float32Array) return new DeviceLogits(logits.data, layout);
  throw new Error(`logits are ${logits.type}`);
}

/** A token for each row, by its own address. */
async function drawn(
  ops: Ops,
  logits: DeviceLogits,
  rows: readonly Row[],
  { temperature, topK, topP, seed, run }: Writing,
): Promise<readonly number[]> {
  const sampling = { temperature, topK, topP, minP: 0 };
  const step = rows[0]!.tokens.length;
  if (rows.every(({ tokens, done }) => done || tokens.length === step)) {
    const slots = rows.map(({ slot }) => slot);
    const all = await ops.sampleTokens(logits, sampling, { seed, run, step }, slots);
    return all.map(({ token }) => token);
  }
  // Hints of different lengths: rows are at different places of their completions.
  const tokens: number[] = [];
  for (const [r, row] of rows.entries()) {
    const address = { seed, run, step: row.tokens.length, row: row.slot };
    tokens.push((await ops.sampleToken(logits, r, sampling, address)).token);
  }
  return tokens;
}
