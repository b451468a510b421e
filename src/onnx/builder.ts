// Builds graphs node by node. Every pass (normalising, the reverse sweep, lowering) writes through it, so each new
// node has its shape inferred, equal nodes are merged, trivial ones vanish, and shape computations never become
// nodes unless something that runs really needs their numbers: until then they are *contents* without a node.

import { UserError } from '../core/errors.ts';
import { type Dim, product, same, show } from './dim.ts';
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
import { domainOf, isOperator, type Operator, unknownOperator } from './operators.ts';
import { simplify } from './peephole.ts';
import { DataType, isFloat, numbersOf, sizeOf, type Tensor, tensorOf } from './tensor.ts';

/** The operator sets that every normalised graph is written in. */
export const opsets: Readonly<Record<string, number>> = { '': 18, 'com.microsoft': 1 };

function constantKey({ dtype, shape, contents }: ValueInfo): string {
  return `${dtype} [${shape.map(show)}] ${contents?.map((dim) => (Object.is(dim, -0) ? '-0' : show(dim)))}`;
}

/** Contents are followed for integers of rank 0 and 1 and for single floats; the rest is data. */
function contentsOfTensor(tensor: Tensor): readonly number[] | undefined {
  const size = sizeOf(tensor.dims);
  const small = isFloat(tensor.dtype) ? size === 1 : size <= 64 && tensor.dims.length <= 1;
  return small ? numbersOf(tensor) : undefined;
}

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
  /** Where a symbol can be read at run time: an input and its axis. */
  readonly #symbolSources = new Map<string, readonly [input: string, axis: number]>();
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

  get inputs(): readonly Port[] {
    return this.#inputs;
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

  has(name: string): boolean {
    return this.#values.has(name);
  }

  shape(name: string): readonly Dim[] {
    return this.info(name).shape;
  }

  producer(name: string): Node | undefined {
    return this.#producers.get(name);
  }

  tensor(name: string): Tensor | undefined {
    return this.#initializers.get(name);
  }

  input(name: string, dtype: number, shape: readonly Dim[]): string {
    this.#inputs.push({ name, dtype, shape });
    this.#values.set(name, { dtype, shape });
    shape.forEach((dim, axis) => {
      if (typeof dim === 'number' || this.#symbolSources.has(dim.key)) return;
      this.#symbolSources.set(dim.key, [name, axis]);
    });
    return name;
  }

  initializer(name: string, tensor: Tensor): string {
    const contents = contentsOfTensor(tensor);
    const info = { dtype: tensor.dtype, shape: tensor.dims };
    this.#values.set(name, contents === undefined ? info : { ...info, contents });
    this.#initializers.set(name, tensor);
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
    const shaped = op === 'Reshape' ? this.#encodeReshape(draft, infos[0]!) : draft;
    return this.#emit(shaped, infos, names);
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
      opsets,
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

  /** A node whose output has contents: it must exist, so it is not folded away again. */
  #run(op: Operator, inputs: readonly string[], info: ValueInfo, attributes: Attributes = {}) {
    const draft = { name: op, op, domain: '', inputs, outputs: [op], attributes };
    return this.#emit(draft, [info])[0]!;
  }

  /** Makes sure that the value exists at run time: as an initialiser if its elements are numbers. */
  #write(name: string): string {
    if (!this.#unwritten.has(name)) return name;
    const info = this.info(name);
    const { dtype, shape, contents = [] } = info;
    const numbers = contents.filter((value) => typeof value === 'number');
    if (numbers.length === contents.length) {
      this.#initializers.set(name, tensorOf(dtype, shape.map(Number), numbers));
      this.#unwritten.delete(name);
      return name;
    }
    const vector = { dtype: DataType.int64, shape: [contents.length], contents };
    const parts = contents.map((value) => this.#writeDim(value));
    let value = parts.length === 1 ? parts[0]! : this.#run('Concat', parts, vector, { axis: int(0) });
    if (shape.length === 0) value = this.#run('Squeeze', [value], { ...vector, shape });
    if (shape.length > 1) {
      value = this.#run('Reshape', [value, this.ints(shape)], { ...vector, shape });
    }
    return dtype === DataType.int64 ? value : this.#run('Cast', [value], info, { to: int(dtype) });
  }

  /** A dim as an int64 vector of one element, read from the inputs' shapes. */
  #writeDim(dim: Dim): string {
    const info = { dtype: DataType.int64, shape: [1], contents: [dim] };
    if (typeof dim === 'number') return this.ints([dim]);
    const source = this.#symbolSources.get(dim.key);
    if (source !== undefined) {
      const [input, axis] = source;
      return this.#run('Shape', [input], info, { start: int(axis), end: int(axis + 1) });
    }
    const combine = (op: 'Add' | 'Mul', parts: readonly string[]) =>
      parts.reduce((a, b) => this.#run(op, [a, b], info));
    const terms = dim.terms.map(({ coefficient, symbols }) => {
      const factors = symbols.map((name) => this.#writeSymbol(name));
      const bare = coefficient === 1 && factors.length > 0;
      return combine('Mul', bare ? factors : [this.#write(this.ints([coefficient])), ...factors]);
    });
    return combine('Add', terms);
  }

  #writeSymbol(name: string): string {
    const source = this.#symbolSources.get(name);
    if (source === undefined) {
      throw new UserError(
        'onnx',
        `The size '${name}' is needed at run time but is no axis of an input.`,
        `Bind '${name}' to a number.`,
      );
    }
    const [input, axis] = source;
    const info = { dtype: DataType.int64, shape: [1] };
    return this.#run('Shape', [input], info, { start: int(axis), end: int(axis + 1) });
  }

  /** Writes a target shape with 0 (copied axis) and one -1, so that symbols need no nodes. */
  #encodeReshape(
    draft: Node & { readonly op: Operator },
    info: ValueInfo,
  ): Node & { readonly op: Operator } {
    const source = this.shape(draft.inputs[0]!);
    const copied = info.shape.map((dim, i) => {
      const from = source[i];
      return typeof dim !== 'number' && from !== undefined && same(from, dim) ? 0 : dim;
    });
    const open = copied.filter((dim) => typeof dim !== 'number').length;
    const fits = open <= 1 && !info.shape.includes(0);
    const target = fits ? copied.map((dim) => (typeof dim === 'number' ? dim : -1)) : info.shape;
    return { ...draft, inputs: [draft.inputs[0]!, this.ints(target)], attributes: {} };
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
    return this.add('ConstantOfShape', [this.ints(shape)], { value: { type: 'tensor', value: tensor } });
  }
}

function nodeKey({ op, inputs, outputs, attributes }: Node): string {
  const attributeText = Object.entries(attributes)
    .map(([name, { type, value }]) =>
      type === 'tensor'
        ? `${name}=${value.dtype}:${value.dims}:${value.bytes}`
        : `${name}=${JSON.stringify(value)}`,
    )
    .sort();
  return `${op}(${inputs})x${outputs.length}{${attributeText}}`;
}
