// What each weight of a decoder is for, from the way data takes through the graph. Names say little
// (`onnx::MatMul_304`), but a matrix whose products meet in attention scores is a query or a key projection, and one
// that reads what a nonlinearity made is the MLP's second. Works on normalised graphs and on graphs as exported.

import { type Graph, intOf, type Node } from '../onnx/graph.ts';
import { tokenInput } from '../onnx/roles.ts';

/** What is known of a parameter's use. */
export interface Use {
  readonly name: string;
  readonly node: Node;
  readonly type: 'table' | 'matrix' | 'gain' | 'bias';
  /** Of a matrix: the graph turns it over before it multiplies, so that a row belongs to one output. */
  readonly turned: boolean;
}

const VIEWS = new Set([
  'Transpose',
  'Reshape',
  'Unsqueeze',
  'Squeeze',
  'Cast',
  'Split',
  'Identity',
  'DequantizeLinear',
]);
const NORMS =
  /^(Skip)?(Simplified)?LayerNormalization$|^RMSNormalization$|^SkipSimplifiedLayerNormalization$/;
const FUSED = new Set(['GroupQueryAttention', 'MultiHeadAttention', 'Attention']);
const MATRIX = /^(MatMul|Gemm|MatMulNBits|MatMulInteger|FusedMatMul|DynamicQuantizeMatMul)$/;
const BENDS =
  /^(Tanh|Erf|Sigmoid|Relu|LeakyRelu|Gelu|FastGelu|QuickGelu|BiasGelu|Softplus|Clip|Max|HardSwish)$/;
const BIAS_INPUT: Readonly<Record<string, number>> = { Gemm: 2, MatMulNBits: 5 };

/** First parameter input of these kinds of nodes, by its number. */
export class Flow {
  readonly graph: Graph;
  readonly uses: readonly Use[];
  readonly #makers = new Map<string, Node>();
  readonly #readers = new Map<string, [node: Node, input: number][]>();
  /** View of a parameter -> the parameter. */
  readonly #origin = new Map<string, { readonly name: string; readonly turned: boolean }>();
  readonly #stops = new Map<Node, Use[]>();

  /** @param parameters names, with numbers of axes longer than 1 */
  constructor(graph: Graph, parameters: ReadonlyMap<string, number>) {
    this.graph = graph;
    for (const name of parameters.keys()) this.#origin.set(name, { name, turned: false });
    for (const node of graph.nodes) {
      const first = this.#origin.get(node.inputs[0] ?? '');
      if (first && VIEWS.has(node.op)) {
        const turned = node.op === 'Transpose' ? !first.turned : first.turned;
        for (const output of node.outputs) this.#origin.set(output, { ...first, turned });
      }
      for (const output of node.outputs) this.#makers.set(output, node);
      node.inputs.forEach((input, i) => {
        const readers = this.#readers.get(input) ?? [];
        readers.push([node, i]);
        this.#readers.set(input, readers);
      });
    }
    const uses: Use[] = [];
    for (const node of graph.nodes) {
      if (VIEWS.has(node.op) && this.#origin.has(node.inputs[0] ?? '')) continue;
      node.inputs.forEach((input, i) => {
        const origin = this.#origin.get(input);
        if (!origin) return;
        const axes = parameters.get(origin.name) ?? 0;
        const type = typeOf(node, i, axes);
        if (!type) return;
        const turned =
          node.op === 'MatMulNBits' || (node.op === 'Gemm' && intOf(node, 'transB', 0) === 1)
            ? !origin.turned
            : origin.turned;
        const use: Use = { name: origin.name, node, type, turned };
        uses.push(use);
        if (type !== 'bias') this.#stops.set(node, [...(this.#stops.get(node) ?? []), use]);
      });
    }
    this.uses = uses;
  }

  /** Does data leave the layers here: through a weight matrix, a norm, or attention itself? */
  isMatrix = (node: Node): boolean => this.#isStop(node, 'matrix');
  isNorm = (node: Node): boolean => this.#isStop(node, 'gain') || NORMS.test(node.op);
  isAttention = (node: Node): boolean =>
    FUSED.has(node.op) ||
    (node.op === 'MatMul' && !this.isMatrix(node) && node.inputs.every((x) => this.#moves(x)));

  /** The parameter that this matrix multiplication or norm uses. */
  parameterOf = (node: Node): string | undefined => this.#stops.get(node)?.[0]?.name;

  /** What data meets on its way from a node to the next matrices, norms and attentions. */
  ahead(from: Node): Ahead {
    const met: [node: Node, input: number][] = [];
    const passed = new Set<Node>();
    let ends = false;
    const queue = [...from.outputs];
    const seen = new Set(queue);
    for (let value = queue.shift(); value !== undefined; value = queue.shift()) {
      if (this.graph.outputs[0]?.name === value || value === 'logits') ends = true;
      for (const [node, input] of this.#readers.get(value) ?? []) {
        if (node.op === 'Shape' || node.op === 'Size') continue;
        if (this.isMatrix(node) || this.isNorm(node) || this.isAttention(node)) {
          met.push([node, input]);
          continue;
        }
        passed.add(node);
        for (const output of node.outputs) {
          if (output !== '' && !seen.has(output)) {
            seen.add(output);
            queue.push(output);
          }
        }
      }
    }
    return { met, passed, ends, bends: [...passed].some(({ op }) => BENDS.test(op)) };
  }

  /** What made a value: the nearest matrices, norms, tables and attentions, and whether something bent it since. */
  behind(value: string): Behind {
    const made: Node[] = [];
    let bends = false;
    let softmax = false;
    const queue = [value];
    const seen = new Set(queue);
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const node = this.#makers.get(one);
      if (!node || node.op === 'Shape') continue;
      if (this.#stops.has(node) || this.isNorm(node) || this.isAttention(node)) {
        made.push(node);
        continue;
      }
      if (BENDS.test(node.op)) bends = true;
      if (node.op === 'Softmax') softmax = true;
      for (const input of node.inputs) {
        if (input !== '' && !seen.has(input)) {
          seen.add(input);
          queue.push(input);
        }
      }
    }
    return { made, bends, softmax };
  }

  /** What goes into an attention at this input. */
  attentionInput(node: Node, input: number): 'query' | 'key' | 'value' | undefined {
    if (FUSED.has(node.op)) return (['query', 'key', 'value'] as const)[input];
    if (this.behind(node.inputs[0] ?? '').softmax) return input === 1 ? 'value' : undefined;
    return input === 0 ? 'query' : 'key';
  }

  /** Are these the tokens, or their places? */
  readsTokens(node: Node): boolean {
    const ids = tokenInput(this.graph)?.name;
    let value = node.inputs[1];
    for (let maker = this.#makers.get(value ?? ''); maker; maker = this.#makers.get(value ?? '')) {
      if (!['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze'].includes(maker.op)) return false;
      value = maker.inputs[0];
    }
    return value === ids;
  }

  #isStop(node: Node, type: Use['type']): boolean {
    return this.#stops.get(node)?.some((use) => use.type === type) ?? false;
  }

  /** Does the value depend on the input, and is no constant of the graph? */
  #moves(value: string): boolean {
    return (
      value !== '' && !this.graph.initializers.has(value) && this.#origin.get(value) === undefined
    );
  }
}

export interface Ahead {
  readonly met: readonly (readonly [node: Node, input: number])[];
  readonly passed: ReadonlySet<Node>;
  /** Are these the logits? */
  readonly ends: boolean;
  readonly bends: boolean;
}

export interface Behind {
  readonly made: readonly Node[];
  readonly bends: boolean;
  readonly softmax: boolean;
}

function typeOf({ op }: Node, input: number, axes: number): Use['type'] | undefined {
  if (BIAS_INPUT[op] === input) return 'bias';
  if (NORMS.test(op)) {
    // Skip... take the residual at 1.
    const gain = op.startsWith('Skip') ? 2 : 1;
    return input < gain ? undefined : input === gain ? 'gain' : 'bias';
  }
  if (op === 'Gather') return input === 0 && axes >= 2 ? 'table' : undefined;
  if (MATRIX.test(op)) return axes >= 2 ? 'matrix' : undefined;
  if (op === 'Mul') return axes === 1 ? 'gain' : undefined;
  if (op === 'Add' || op === 'Sub' || op === 'BiasGelu') return axes === 1 ? 'bias' : undefined;
  return undefined;
}
