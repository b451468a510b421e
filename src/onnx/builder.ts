// Builds graphs node by node. Every pass (normalising, the reverse sweep, lowering) writes through it, so each new
// node has its shape inferred, equal nodes are merged, trivial ones vanish, and shape computations never become
// nodes unless something that runs really needs their numbers: until then they are *contents* without a node.

import { UserError } from '../core/errors.ts';
import { type Dim, product } from './dim.ts';
import {
  type Attributes,
  type Graph,
  int,
  liveNodes,
  type Node,
  type Port,
  type ValueInfo,
} from './graph.ts';
import { inferNode } from './infer.ts';
import { constantKey, contentsOfTensor, nodeKey } from './keys.ts';
import { domainOf, isOperator, type Operator, opsetsFor, unknownOperator } from './operators.ts';
import { simplify } from './peephole.ts';
import { RuntimeShapes, reshapeTarget, type ShapeWriter } from './runtimeShapes.ts';
import { DataType, type Tensor, tensorOf } from './tensor.ts';

export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #inputs: Port[] = [];
  readonly #values = new Map<string, ValueInfo>();
  readonly #initializers = new Map<string, Tensor>();
  readonly #producers = new Map<string, Node>();
  /** Node text -> its outputs, to merge equal nodes. */
  readonly #merged = new Map<string, readonly string[]>();
  /** Constant text -> its value; and the values that exist as contents only. */
  readonly #constants = new Map<string, string>();
  readonly #unwritten = new Set<string>();
  readonly #shapes = new RuntimeShapes();
  readonly #shapeWriter: ShapeWriter = {
    run: (op, inputs, info, attributes = {}) => {
      const draft = { name: op, op, domain: '', inputs, outputs: [op], attributes };
      return this.#emit(draft, [info])[0]!;
    },
    vector: (values) => this.#write(this.ints(values)),
  };
  readonly #warnings = new Set<string>();
  readonly #counts = new Map<string, number>();

  /** Continues a normalised graph; only its live nodes are known for merging. */
  static from(graph: Graph): GraphBuilder {
    const builder = new GraphBuilder();
    for (const { name, dtype, shape } of graph.inputs) builder.input(name, dtype, shape);
    for (const [name, tensor] of graph.initializers) builder.initializer(name, tensor);
    for (const node of graph.nodes) builder.#adopt(node, graph.values);
    return builder;
  }

  /** What the next nodes are made for: the name that errors about them give. */
  label: string | undefined;

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** Assumptions made about symbols, for people. */
  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  warn(message: string): void {
    this.#warnings.add(message);
  }

  info(name: string): ValueInfo {
    const info = this.#values.get(name);
    if (info === undefined) {
      throw new UserError(
        'onnx',
        `The value '${name}' is used before anything computes it.`,
        'The graph is damaged: export it again.',
      );
    }
    return info;
  }

  readonly shape = (name: string): readonly Dim[] => this.info(name).shape;

  readonly producer = (name: string): Node | undefined => this.#producers.get(name);

  readonly tensor = (name: string): Tensor | undefined => this.#initializers.get(name);

  input(name: string, dtype: number, shape: readonly Dim[]): string {
    this.#inputs.push({ name, dtype, shape });
    this.#values.set(name, { dtype, shape });
    this.#shapes.note(name, shape);
    return name;
  }

  initializer(name: string, tensor: Tensor): string {
    const contents = contentsOfTensor(tensor);
    const info = { dtype: tensor.dtype, shape: tensor.dims, ...(contents && { contents }) };
    this.#values.set(name, info);
    this.#initializers.set(name, tensor);
    const key = constantKey(info);
    if (contents !== undefined && !this.#constants.has(key)) this.#constants.set(key, name);
    return name;
  }

  /** A tensor known by its elements; written into the graph when a node that runs takes it. */
  constant(dtype: number, shape: readonly Dim[], contents: readonly Dim[]): string {
    const info = { dtype, shape, contents };
    const key = constantKey(info);
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.#fresh('const');
    this.#constants.set(key, name);
    this.#values.set(name, info);
    this.#unwritten.add(name);
    return name;
  }

  /** int64 vector: a shape, axes, pads. */
  ints(values: readonly Dim[]): string {
    return this.constant(DataType.int64, [values.length], values);
  }

  scalar(dtype: number, value: number): string {
    return this.constant(dtype, [], [dtype === DataType.float ? Math.fround(value) : value]);
  }

  /** One node with one output; returns the value that holds it, which may be an older, equal one. */
  add(op: Operator, inputs: readonly string[], attributes: Attributes = {}, name?: string): string {
    const simpler = simplify(this, op, inputs, attributes);
    return simpler ?? this.addMany(op, inputs, attributes, [name])[0]!;
  }

  /** A node with as many outputs as names are listed (undefined: any name). */
  addMany(
    op: Operator,
    inputs: readonly string[],
    attributes: Attributes,
    names: readonly (string | undefined)[],
  ): readonly string[] {
    const outputs = names.map((name, i) => name ?? `${op}.${i}`);
    const name = this.label ?? outputs[0]!;
    const draft = { name, op, domain: domainOf(op), inputs, outputs, attributes };
    const known = inputs.map((name) => (name === '' ? undefined : this.info(name)));
    const infos = inferNode(draft, known, (message) => this.warn(message));
    if (infos.every((info) => info.contents !== undefined)) {
      return infos.map((info) => this.constant(info.dtype, info.shape, info.contents ?? []));
    }
    if (op !== 'Reshape') return this.#emit(draft, infos, names);
    const target = reshapeTarget(this.shape(inputs[0]!), infos[0]!.shape);
    const written = { ...draft, inputs: [inputs[0]!, this.ints(target)], attributes: {} };
    return this.#emit(written, infos, names);
  }

  /** The graph of what `outputs` (name -> value) depend on. Unused inputs are left out. */
  toGraph(name: string, outputs: ReadonlyMap<string, string>): Graph {
    const renamed = new Map<string, string>();
    const wanted = [...outputs].map(([output, value]) => {
      const written = this.#write(value);
      if (written === output) return output;
      // The name may belong to an inner value, for example to what a pass has put something behind.
      if (this.#producers.has(output)) renamed.set(output, this.#fresh(`${output}.inner`));
      const free = this.#producers.has(written) && !outputs.has(written) && !renamed.has(written);
      const source = free ? written : this.#copy(written);
      renamed.set(source, output);
      return source;
    });
    const rename = (value: string) => renamed.get(value) ?? value;
    const live = liveNodes(this.#nodes, wanted);
    const used = new Set([...live.flatMap((node) => node.inputs), ...wanted]);
    const present = new Set([...used, ...live.flatMap((node) => node.outputs)]);
    present.delete('');
    return {
      name,
      inputs: this.#inputs.filter((port) => used.has(port.name)),
      outputs: wanted.map((value) => {
        const { dtype, shape } = this.info(value);
        return { name: rename(value), dtype, shape };
      }),
      initializers: new Map([...this.#initializers].filter(([key]) => used.has(key))),
      nodes: live.map((node) => ({
        ...node,
        name: rename(node.name),
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      })),
      values: new Map([...present].map((value) => [rename(value), this.info(value)])),
      opsets: opsetsFor(live),
    };
  }

  /** An Identity node: an output cannot be an input, an initialiser or another output. */
  #copy(value: string): string {
    const output = this.#fresh('copy');
    const node = { name: output, op: 'Identity', domain: '', attributes: {} } as const;
    return this.#append({ ...node, inputs: [value], outputs: [output] }, [this.info(value)])[0]!;
  }

  #fresh(base: string): string {
    for (;;) {
      const count = this.#counts.get(base) ?? 0;
      this.#counts.set(base, count + 1);
      const name = count === 0 && base !== 'const' ? base : `${base}.${count}`;
      if (!this.#values.has(name)) return name;
    }
  }

  #adopt(node: Node, values: ReadonlyMap<string, ValueInfo>): void {
    if (!isOperator(node.op)) throw unknownOperator(node);
    const infos = node.outputs.map((output) => values.get(output));
    if (!infos.every((info) => info !== undefined)) {
      throw new Error(`adopt: '${node.name}' has outputs without shapes`);
    }
    this.#append(node, infos);
    this.#merged.set(nodeKey(node), node.outputs);
    infos.forEach((info, i) => {
      if (info.contents !== undefined) this.#constants.set(constantKey(info), node.outputs[i]!);
    });
  }

  #append(node: Node, infos: readonly ValueInfo[]): readonly string[] {
    this.#nodes.push(node);
    node.outputs.forEach((output, i) => {
      this.#values.set(output, infos[i]!);
      this.#producers.set(output, node);
    });
    return node.outputs;
  }

  #emit(
    draft: Node & { readonly op: Operator },
    infos: readonly ValueInfo[],
    names: readonly (string | undefined)[] = [undefined],
  ): readonly string[] {
    const inputs = draft.inputs.map((name) => (name === '' ? '' : this.#write(name)));
    const key = nodeKey({ ...draft, inputs, outputs: names.map((_, i) => `${i}`) });
    const known = this.#merged.get(key);
    if (known !== undefined) return known;
    const outputs = names.map((name) => this.#fresh(name ?? draft.op));
    this.#merged.set(key, outputs);
    return this.#append({ ...draft, name: outputs[0]!, inputs, outputs }, infos);
  }

  /** Makes sure that the value exists at run time: as an initialiser if its elements are numbers. */
  #write(name: string): string {
    if (!this.#unwritten.has(name)) return name;
    const info = this.info(name);
    const { dtype, shape, contents = [] } = info;
    const numbers = contents.filter((value) => typeof value === 'number');
    if (numbers.length < contents.length) return this.#shapes.write(this.#shapeWriter, info);
    this.#initializers.set(name, tensorOf(dtype, shape.map(Number), numbers));
    this.#unwritten.delete(name);
    return name;
  }

  /** A float scalar of the same type as `like`. */
  scalarLike(like: string, value: number): string {
    return this.scalar(this.info(like).dtype, value);
  }

  /** The number of elements along axes as a float scalar of the type of `like`. */
  countLike(like: string, dims: readonly Dim[]): string {
    return this.constant(this.info(like).dtype, [], [product(dims)]);
  }

  reshape(value: string, shape: readonly Dim[]): string {
    return this.add('Reshape', [value, this.ints(shape)]);
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.add('Transpose', [value], { perm: { type: 'ints', value: perm } });
  }

  /** The transpose of matrices (..., M, N). */
  swapLast(value: string): string {
    const rank = this.shape(value).length;
    return this.transpose(value, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
  }

  cast(value: string, dtype: number): string {
    return this.add('Cast', [value], { to: int(dtype) });
  }

  reduce(
    op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax',
    value: string,
    axes: readonly number[],
    keepdims = true,
  ): string {
    if (axes.length === 0) return value;
    return this.add(op, [value, this.ints(axes)], { keepdims: int(keepdims ? 1 : 0) });
  }

  /** A tensor of one float everywhere, whose shape may have symbols. */
  filled(dtype: number, shape: readonly Dim[], value: number): string {
    const tensor = tensorOf(dtype, [1], [value]);
    return this.add('ConstantOfShape', [this.ints(shape)], {
      value: { type: 'tensor', value: tensor },
    });
  }
}
