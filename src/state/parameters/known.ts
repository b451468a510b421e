// Well-known models to compare sizes with. Their counts are worked out from the architecture that is published, by the
// same terms as those of the models here.

export interface KnownModel {
  readonly name: string;
  readonly parameters: number;
  /** "Authors, Title, year, table". */
  readonly source: string;
  readonly url: string;
}

interface Gpt {
  readonly V: number;
  readonly T: number;
  readonly d: number;
  readonly L: number;
}

/** GPT-2 and GPT-3: learned positions, biases everywhere, the head is the embedding. */
const gpt = ({ V, T, d, L }: Gpt): number => V * d + T * d + L * (12 * d * d + 13 * d) + 2 * d;

interface Llama {
  readonly V: number;
  readonly d: number;
  readonly L: number;
  readonly f: number;
  /** Elements of all key heads. */
  readonly k: number;
  readonly tied?: boolean;
  /** Biases of query, key and value. */
  readonly biases?: boolean;
}

/** Llama and its kin: grouped keys and values, a gated MLP, norms without bias, no learned positions. */
const llama = ({ V, d, L, f, k, tied = false, biases = false }: Llama): number =>
  (tied ? 1 : 2) * V * d +
  L * (2 * d * d + 2 * d * k + 3 * d * f + 2 * d + (biases ? d + 2 * k : 0)) +
  d;

const GPT2 = {
  source:
    'Radford et al., Language Models are Unsupervised Multitask Learners, 2019, table 2; the sizes are those of the released models',
  url: 'https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf',
};
const LLAMA3 = {
  source: 'Grattafiori et al., The Llama 3 Herd of Models, 2024, table 3',
  url: 'https://arxiv.org/abs/2407.21783',
};

export const KNOWN_MODELS: readonly KnownModel[] = [
  { name: 'GPT-2, smallest', parameters: gpt({ V: 50257, T: 1024, d: 768, L: 12 }), ...GPT2 },
  {
    name: 'SmolLM2 135M',
    parameters: llama({ V: 49152, d: 576, L: 30, f: 1536, k: 192, tied: true }),
    source:
      'Allal et al., SmolLM2: When Smol Goes Big, 2025; sizes from the released configuration',
    url: 'https://arxiv.org/abs/2502.02737',
  },
  {
    name: 'Qwen2.5 0.5B',
    parameters: llama({ V: 151936, d: 896, L: 24, f: 4864, k: 128, tied: true, biases: true }),
    source:
      'Qwen Team, Qwen2.5 Technical Report, 2024, table 1; sizes from the released configuration',
    url: 'https://arxiv.org/abs/2412.15115',
  },
  { name: 'GPT-2 XL', parameters: gpt({ V: 50257, T: 1024, d: 1600, L: 48 }), ...GPT2 },
  {
    name: 'Llama 3.1 8B',
    parameters: llama({ V: 128256, d: 4096, L: 32, f: 14336, k: 1024 }),
    ...LLAMA3,
  },
  {
    name: 'Llama 3.1 70B',
    parameters: llama({ V: 128256, d: 8192, L: 80, f: 28672, k: 1024 }),
    ...LLAMA3,
  },
  {
    name: 'GPT-3 175B',
    parameters: gpt({ V: 50257, T: 2048, d: 12288, L: 96 }),
    source: 'Brown et al., Language Models are Few-Shot Learners, 2020, table 2.1',
    url: 'https://arxiv.org/abs/2005.14165',
  },
  {
    name: 'Llama 3.1 405B',
    parameters: llama({ V: 128256, d: 16384, L: 126, f: 53248, k: 1024 }),
    ...LLAMA3,
  },
];
