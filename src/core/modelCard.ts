// A checkpoint as a card: what it is made of, counted in its files. Plain data, made where the files are and shown
// where people are.

export const PARAMETER_KINDS = ['embedding', 'attention', 'mlp', 'norm', 'head', 'other'] as const;
export type ParameterKind = (typeof PARAMETER_KINDS)[number];

/** Weights of one kind and one number type. */
export interface CountedParameters {
  readonly kind: ParameterKind;
  /** `float32`, `float16`, `int4` ... */
  readonly type: string;
  /** Numbers, not bytes; 4-bit numbers that share a byte count as two. */
  readonly numbers: number;
  readonly bytes: number;
}

export interface PortCard {
  readonly name: string;
  readonly type: string;
  /** Free dimensions by name. */
  readonly shape: readonly (number | string)[];
}

export const INPUT_ROLES = ['token ids', 'attention mask', 'positions', 'cache in'] as const;
export const OUTPUT_ROLES = ['logits', 'cache out'] as const;
export type PortRole = (typeof INPUT_ROLES)[number] | (typeof OUTPUT_ROLES)[number];
/** By name of an input or output. */
export type PortRoles = Readonly<Record<string, PortRole>>;

/** What one input or output of the graph is taken for. */
export interface MappedPort extends PortCard {
  readonly role: PortRole | 'not used';
  readonly goes: 'in' | 'out';
  /** What it looks like, where not everything is understood. */
  readonly guess?: PortRole;
}

export interface OperatorCount {
  /** With its domain, where that is not the standard one: `com.microsoft.GroupQueryAttention`. */
  readonly op: string;
  readonly count: number;
}

export interface FileCard {
  readonly path: string;
  readonly bytes: number;
}

export interface ModelCard {
  readonly name: string;
  /** `GPT-2`, `Llama` ... as config.json says. */
  readonly family?: string;
  readonly files: readonly FileCard[];
  /** Of all files. */
  readonly bytes: number;
  /** Numbers in weights: what people mean by "135 M parameters". */
  readonly parameters: number;
  readonly counted: readonly CountedParameters[];
  readonly graph: {
    readonly producer: string;
    readonly ir: number;
    /** Operator set by domain; '' is the standard one. */
    readonly opsets: Readonly<Record<string, number>>;
    readonly nodes: number;
    /** Most frequent first. */
    readonly operators: readonly OperatorCount[];
    readonly ports: readonly MappedPort[];
    /** Somebody said which is which. */
    readonly chosen?: true;
  };
  readonly layers: number;
  /** Tokens that it reads. */
  readonly context: number;
  /** Rows of the head. */
  readonly vocabulary: number;
  readonly tokenizer: {
    readonly tokens: number;
    readonly kind: string;
    readonly chatTemplate: boolean;
  };
  readonly licence?: string;
  /** Where it came from: a hub address, or the checkpoint that it was trained from. */
  readonly source?: string;
  /** Of the ONNX file, hexadecimal. */
  readonly sha256?: string;
  readonly stored: 'built in' | 'browser' | 'memory' | 'disk';
}
