// How attention is divided into heads: from the cache that the graph takes, (batch, heads, past, size), where there is
// one, with the checkpoint's config.json for the query heads.

import type { Graph } from '../onnx/graph.ts';
import { isCache } from '../onnx/roles.ts';
import type { Heads } from './part.ts';

type Json = Readonly<Record<string, unknown>>;

const QUERY = ['num_attention_heads', 'n_head', 'num_heads', 'n_heads'];
const KEY_VALUE = ['num_key_value_heads', 'num_kv_heads', 'multi_query_group_num'];

/** @param width elements of a state */
export function headsOf(raw: Graph, config: Json, width: number | undefined): Heads | undefined {
  const first = (keys: readonly string[]): number | undefined =>
    keys.map((key) => config[key]).find((n): n is number => Number.isInteger(n) && Number(n) > 0);
  const cache = raw.inputs.find((port) => isCache(port) && port.shape.length === 4)?.shape ?? [];
  const [, cacheHeads, , cacheSize] = cache;
  const known = (dim: unknown) => (typeof dim === 'number' ? dim : undefined);
  const query = first(QUERY) ?? (known(cacheSize) && width ? width / known(cacheSize)! : undefined);
  if (!query || !Number.isInteger(query)) return undefined;
  const size = known(cacheSize) ?? first(['head_dim']) ?? (width ?? 0) / query;
  const keyValue = known(cacheHeads) ?? first(KEY_VALUE) ?? query;
  return Number.isInteger(size) && size > 0 ? { query, keyValue, size } : undefined;
}
