// The model as blocks within blocks: embeddings, layers with their attention, MLP and norms, the last norm, the head.

import { formulaText, sum } from './formula.ts';
import type { Anatomy, Block, Kind, Part } from './part.ts';

export interface Branch {
  /** Unlike all others: `layer 0/attention`. */
  readonly id: string;
  readonly title: string;
  readonly count: number;
  /** `4d² + 4d`. */
  readonly formula: string;
  readonly children: readonly Branch[];
  /** Of a leaf: its tensor, and what it is. */
  readonly tensor?: string;
  readonly kind?: Kind;
  readonly block?: Block;
  readonly layer?: number;
}

const BLOCKS: Readonly<Record<Block, string>> = {
  embedding: 'Embedding',
  attention: 'Attention',
  mlp: 'MLP',
  norms: 'Norms',
  head: 'Head',
  other: 'Others',
};

export function treeOf(anatomy: Anatomy, name: string): Branch {
  const { parts, layers } = anatomy;
  const of = (test: (part: Part) => boolean) => parts.filter(test);
  const group = (id: string, title: string, some: readonly Part[]): Branch[] =>
    some.length === 0
      ? []
      : [
          branch(
            anatomy,
            id,
            title,
            some,
            some.map((part) => leaf(anatomy, part)),
          ),
        ];
  const outside = (block: Block) =>
    group(
      block,
      block === 'norms' ? 'Last norm' : BLOCKS[block],
      of((part) => part.block === block && part.layer === undefined),
    );
  const inside = Array.from({ length: layers }, (_, layer) => {
    const own = of((part) => part.layer === layer);
    const blocks = (['attention', 'mlp', 'norms'] as const).flatMap((block) =>
      group(
        `layer ${layer}/${block}`,
        BLOCKS[block],
        own.filter((part) => part.block === block),
      ),
    );
    return { ...branch(anatomy, `layer ${layer}`, `Layer ${layer}`, own, blocks), layer };
  });
  return branch(anatomy, 'model', name, parts, [
    ...outside('embedding'),
    ...inside,
    ...outside('norms'),
    ...outside('head'),
    ...outside('other'),
  ]);
}

function branch(
  { sizes }: Anatomy,
  id: string,
  title: string,
  parts: readonly Part[],
  children: readonly Branch[],
): Branch {
  return {
    id,
    title,
    count: parts.reduce((total, { count }) => total + count, 0),
    formula: formulaText(
      sum(
        parts.map(({ formula }) => formula),
        sizes,
      ),
    ),
    children,
  };
}

const leaf = (anatomy: Anatomy, part: Part): Branch => ({
  ...branch(anatomy, part.name, titleOf(part), [part], []),
  tensor: part.name,
  kind: part.kind,
  block: part.block,
  ...(part.layer !== undefined && { layer: part.layer }),
});

const PURPOSES: Readonly<Record<Part['purpose'], string>> = {
  tokenEmbedding: 'Token embedding',
  positionEmbedding: 'Position embedding',
  query: 'Query projection W_Q',
  key: 'Key projection W_K',
  value: 'Value projection W_V',
  queryKeyValue: 'Query, key and value projections W_QKV',
  attentionOutput: 'Output projection W_O',
  gate: 'Gate projection W_gate',
  up: 'Up projection W_up',
  down: 'Down projection W_down',
  norm: 'Norm',
  head: 'Head (unembedding)',
  other: 'Tensor',
};
const BEFORE = {
  attention: ' before attention',
  mlp: ' before the MLP',
  head: ' before the head',
  heads: ' of each head',
} as const;

/** What a tensor is, in the field's words. */
export function titleOf({ purpose, kind, before }: Part): string {
  const name = PURPOSES[purpose] + (before ? BEFORE[before] : '');
  if (purpose === 'norm') return `${name}, ${kind === 'bias' ? 'bias' : 'gain'}`;
  return kind === 'bias' ? `${name}, bias` : name;
}
