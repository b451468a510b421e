// What training tells the world, in the order in which it happens; charts and progress lines are functions of
// these and of nothing else.

export type TrainEvent =
  | {
      /** Model and examples are ready. Comes first. */
      readonly type: 'started';
      /** Steps in all, and those that were made before (a training that goes on). */
      readonly steps: number;
      readonly done: number;
      /** Numbers that training changes. */
      readonly parameters: number;
      /** Examples of one step. */
      readonly batch: number;
      /** Distinct examples to learn from; absent for a task, which has no end. */
      readonly examples?: number;
      /** Examples that are held out, which loss and accuracy are measured on. */
      readonly heldOut: number;
    }
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
  | {
      /** The browser's store refused the state: the training goes on, and a crash would lose it. */
      readonly type: 'unsaved';
      readonly step: number;
      readonly why: string;
    }
  /** There is room again. */
  | { readonly type: 'savedAgain'; readonly step: number }
  | { readonly type: 'trained'; readonly step: number };

/** Where the time went. Milliseconds. */
export interface TrainTimes {
  /** Making examples. */
  readonly data: number;
  /** Forward and backward passes. */
  readonly gradients: number;
  /** Clipping and the optimiser's step. */
  readonly update: number;
  readonly evaluation: number;
}
