// Five minutes through the parameters of the built-in small model. Each stop is a state of the page, written as a link:
// what its text says was seen there.

import { type Dials, defaultDials } from '../../core/dials.ts';
import { defaultExperiment, type Experiment } from '../../experiment/experiment.ts';
import { encode } from '../../experiment/link.ts';

export interface Stop {
  readonly title: string;
  /** Paragraphs in plain words. */
  readonly text: readonly string[];
  /** What to do here. */
  readonly try: string;
  readonly source?: { readonly title: string; readonly url: string };
  readonly dials: Partial<Dials>;
}

const UP = 'h.1.mlp.c_fc.weight';

export const STOPS: readonly Stop[] = [
  {
    title: 'What a parameter is',
    text: [
      'A language model is a formula with many numbers in it that nobody wrote down by hand. Training set them, one small step after the other. Each of these numbers is a parameter.',
      'This small model has 177 520 of them. Most are weights, which multiply what comes in; some are biases, which are added; and the embedding gives each token and each position a row of its own.',
    ],
    try: 'Read the formulas in the table: a layer of width d has 4d² + 4d parameters in attention and 8d² + 5d in its MLP.',
    source: {
      title: 'Vaswani et al., Attention Is All You Need, NeurIPS 2017',
      url: 'https://arxiv.org/abs/1706.03762',
    },
    dials: { view: 'count' },
  },
  {
    title: 'Large is the same, only more of it',
    text: [
      'The large model is built from the same blocks: twelve layers instead of two, and twice as wide. Because a matrix has width times width numbers, twice the width is four times the parameters of a layer.',
      'Both are tiny. The square at the bottom sets them beside a model that you have heard of.',
    ],
    try: 'Switch the blocks to one scale, then choose another model to compare with.',
    source: {
      title:
        'Kaplan et al., Scaling Laws for Neural Language Models, 2020, table 1 (counting parameters)',
      url: 'https://arxiv.org/abs/2001.08361',
    },
    dials: { view: 'count', model: 'large' },
  },
  {
    title: 'A setting is not a parameter',
    text: [
      'Temperature and top-p decide how the next token is drawn from what the model says. Move them and the probabilities on the right change, but not one parameter has: they are settings, and somebody chose them.',
    ],
    try: 'Move the temperature on the right to 3, then to 0.',
    source: {
      title: 'Holtzman et al., The Curious Case of Neural Text Degeneration, ICLR 2020 (top-p)',
      url: 'https://arxiv.org/abs/1904.09751',
    },
    dials: { view: 'look', tensor: 'wte.weight', temperature: 2 },
  },
  {
    title: 'Looking at them',
    text: [
      'This is a matrix of the second MLP: each column is a neuron, each row a feature that it listens to. Orange pushes it up, blue holds it down, and most weights are close to zero.',
      'The histogram is a bell, as in nearly every trained network: training starts from small random numbers and moves them a little.',
    ],
    try: 'Point at a cell, or go there with the arrow keys: below stands what that one number does.',
    dials: { view: 'look', tensor: UP },
  },
  {
    title: 'Tokens as points',
    text: [
      'The token embedding has a row for each token. Drawn as points, in the two directions in which they differ most, tokens that are used alike lie near each other: nobody told the model what a digit is.',
    ],
    try: 'Choose a digit below the picture, and look at its nearest tokens.',
    source: {
      title:
        'Mikolov et al., Linguistic Regularities in Continuous Space Word Representations, NAACL 2013',
      url: 'https://aclanthology.org/N13-1090/',
    },
    dials: { view: 'look', tensor: 'wte.weight' },
  },
  {
    title: 'Turning one',
    text: [
      'One head of the first layer, with 5 168 parameters, is scaled to zero here. The untouched model and the turned one read the same prompt, and both texts stand on the right.',
      'Without some heads hardly anything changes, and one weight alone hardly ever shows: what a model knows is spread over many of them.',
    ],
    try: 'Move the scale back to 1, and both are the same again. Then try other heads, and a single weight.',
    source: {
      title: 'Michel et al., Are Sixteen Heads Really Better than One?, NeurIPS 2019',
      url: 'https://arxiv.org/abs/1905.10650',
    },
    dials: {
      view: 'turn',
      edits: [
        { role: 'small', target: { kind: 'head', layer: 0, index: 1 }, action: 'scale', amount: 0 },
      ],
    },
  },
  {
    title: 'Fewer bits',
    text: [
      'A parameter is stored as 32 bits, and most of them are not needed. Here every matrix is rounded to 4 bits: 15 different values in each block of 32 numbers. The file would be a sixth of its size.',
    ],
    try: 'Press “Measure all of them” and see at how many bits the answers go.',
    source: {
      title: 'Dettmers and Zettlemoyer, The Case for 4-bit Precision, ICML 2023',
      url: 'https://arxiv.org/abs/2212.09720',
    },
    dials: { view: 'turn', smallBits: 4 },
  },
  {
    title: 'Finding those that matter',
    text: [
      'Which parameters speak for the next token? The gradient says how much its logit changes with each of them; times its value, what would be lost without it. One pass back through the model gives all of them at once.',
    ],
    try: 'Press Turn in the first row, then Zero, and see whether the gradient was right.',
    source: {
      title:
        'Molchanov et al., Pruning Convolutional Neural Networks for Resource Efficient Inference, ICLR 2017',
      url: 'https://arxiv.org/abs/1611.06440',
    },
    dials: { view: 'find' },
  },
  {
    title: 'Watching them learn',
    text: [
      'Three weights of the small model are pinned. While it is trained, each is drawn at every step, and below them the share of all parameters that have moved.',
      'No single one goes far. Together they are what was learned.',
    ],
    try: 'Press Train small, and watch.',
    source: {
      title:
        'Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019 (the optimiser)',
      url: 'https://arxiv.org/abs/1711.05101',
    },
    dials: {
      view: 'watch',
      pins: [
        { role: 'small', tensor: UP, index: 1000 },
        { role: 'small', tensor: 'h.0.attn.c_attn.weight', index: 200 },
        { role: 'small', tensor: 'wte.weight', index: 400 },
      ],
    },
  },
];

/** The state of a stop, from 1. */
export function experimentAt(stop: number): Experiment {
  const { dials } = STOPS[stop - 1]!;
  return {
    ...defaultExperiment,
    mode: 'parameters',
    problems: 20,
    dials: { ...defaultDials, ...dials, tour: stop },
  };
}

export const linkAt = (stop: number): string => encode(experimentAt(stop));
