// An ONNX graph as a plain value: no protobuf, no runtime. Passes take one and return another.

import type { Dim } from './dim.ts';
import type { Tensor } from './tensor.ts';

export type Attribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  /** Sub-graphs and rarer kinds: known to be there, not looked into. */
  | { readonly type: 'opaque'; readonly value: string };

export type Attributes = Readonly<Record<string, Attribute>>;

export interface Node {
  readonly name: string;
  readonly op: string;
  /** '' is the standard domain (the file may also say 'ai.onnx'). */
  readonly domain: string;
  /** '' marks an optional input that is not given. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** What is known of a value before anything runs. */
export interface ValueInfo {
  readonly dtype: number;
  readonly shape: readonly Dim[];
  /** Elements, row-major, of small tensors that depend on shapes and constants only. */
  readonly contents?: readonly Dim[];
}

/** A named value at the border of a graph. */
export interface Port {
  readonly name: string;
  readonly dtype: number;
  readonly shape: readonly Dim[];
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** In an order in which they can run. */
  readonly nodes: readonly Node[];
  /** Every value of a normalised graph; of a graph as read, only what the file declares. */
  readonly values: ReadonlyMap<string, ValueInfo>;
  /** Operator set version by domain. */
  readonly opsets: Readonly<Record<string, number>>;
}

export const int = (value: number): Attribute => ({ type: 'int', value });
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const text = (value: string): Attribute => ({ type: 'string', value });

/** An attribute of the wrong type counts as absent: the file's operator then means its default. */
export function intOf(node: Node, name: string): number | undefined;
export function intOf(node: Node, name: string, otherwise: number): number;
export function intOf(node: Node, name: string, otherwise?: number): number | undefined {
  const attribute = node.attributes[name];
  return attribute?.type === 'int' ? attribute.value : otherwise;
}

export function floatOf(node: Node, name: string, otherwise: number): number {
  const attribute = node.attributes[name];
  return attribute?.type === 'float' ? attribute.value : otherwise;
}

export function textOf(node: Node, name: string, otherwise: string): string {
  const attribute = node.attributes[name];
  return attribute?.type === 'string' ? attribute.value : otherwise;
}

export function intsOf(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes[name];
  return attribute?.type === 'ints' ? attribute.value : undefined;
}

/** How a message calls a node: by name if it has one, else by what it computes. */
export function nodeLabel(node: Node): string {
  return `${node.domain === '' ? '' : `${node.domain}.`}${node.op} node '${node.name || node.outputs[0] || '?'}'`;
}

/** The nodes, in order, that the given values depend on. */
export function liveNodes(nodes: readonly Node[], wanted: Iterable<string>): Node[] {
  const live = new Set(wanted);
  const kept: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => output !== '' && live.has(output))) continue;
    for (const input of node.inputs) if (input !== '') live.add(input);
    kept.push(node);
  }
  return kept.reverse();
}
