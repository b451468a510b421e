// What training tells the world, in the order in which it happens; charts and progress lines are functions of
// these and of nothing else.

export type TrainEvent =
  | {
      /** One optimiser step was made. The loss is that of the weights before it. */
      readonly type: 'step';
      /** Steps made, this one included. */
      readonly step: number;
      /** Mean nats per token that counts. */
      readonly loss: number;
      /** Tokens that counted. */
      readonly tokens: number;
      /** Tokens that were read. */
      readonly read: number;
      readonly learningRate: number;
      /** Of the whole gradient, before clipping. */
      readonly gradNorm: number;
    }
  | {
      readonly type: 'evaluated';
      /** Steps made. */
      readonly step: number;
      /** Whatever was measured, by name. */
      readonly scores: Readonly<Record<string, number>>;
    }
  | {
      /** The loss or its gradient was not a finite number; the model is back at its last good weights. */
      readonly type: 'diverged';
      /** The step that was not made. */
      readonly step: number;
      readonly what: 'loss' | 'gradient';
    }
  | { readonly type: 'trained'; readonly step: number };
