// A checkpoint that was trained here and stays: what the page lists, and what the end of a training says.

export interface KeptCheckpoint {
  /** As an experiment names it: `local:<sha256 of the ONNX file>:<name>`. */
  readonly id: string;
  readonly name: string;
  /** Of all its files. */
  readonly bytes: number;
  /** Numbers that training changes. */
  readonly parameters: number;
  /** Optimiser steps that its weights have had. */
  readonly step: number;
  /** What was measured, by name: `loss` in nats per token, `accuracy` as a share. */
  readonly scores: Readonly<Record<string, number>>;
  /** Step at which the scores were measured; smaller than `step` for a training that was stopped. */
  readonly measuredAt: number;
  /** The checkpoint that it was trained from. */
  readonly base: string;
  /** The experiment that made it, as a link's fragment. */
  readonly recipe: string;
  /** Milliseconds since 1970. */
  readonly saved: number;
  /** When it was put into the trash, if it is there. Milliseconds since 1970. */
  readonly deleted?: number;
  /** It is in memory only, and gone with the tab: the browser had no room, or no file system. */
  readonly temporary?: boolean;
}
