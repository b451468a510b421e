// A checkpoint that was trained here or brought along, and stays: what the page lists, and what the end of a training says.

import type { PortRoles } from './modelCard.ts';

export interface KeptCheckpoint {
  /** As an experiment names it: `local:<sha256>:<name>`, see `contentAddress`. */
  readonly id: string;
  readonly name: string;
  /** Of all its files. */
  readonly bytes: number;
  /** Numbers in weights; of one that was brought along 0 until its card is read. */
  readonly parameters: number;
  /** Optimiser steps that its weights have had. */
  readonly step: number;
  /** What was measured, by name: `loss` in nats per token, `accuracy` as a share. */
  readonly scores: Readonly<Record<string, number>>;
  /** Step at which the scores were measured; smaller than `step` for a training that was stopped. */
  readonly measuredAt: number;
  /** The checkpoint that it was trained from. */
  readonly base: string;
  /** The experiment that made it, as a link's fragment; empty for one that was brought along. */
  readonly recipe: string;
  /** How it came here; absent for one that was trained here. */
  readonly origin?: 'dropped' | 'hub';
  /** The hub address that it came from. */
  readonly source?: string;
  /** SHA-256 of its files of weights, by path. */
  readonly sha256?: Readonly<Record<string, string>>;
  /** The model's file as it was called where it came from: `onnx/model_q4.onnx`. */
  readonly original?: string;
  /** Which input and output is which, where somebody has said it. */
  readonly ports?: PortRoles;
  /** Milliseconds since 1970. */
  readonly saved: number;
  /** When it was put into the trash, if it is there. Milliseconds since 1970. */
  readonly deleted?: number;
  /** It is in memory only, and gone with the tab: the browser had no room, or no file system. */
  readonly temporary?: boolean;
}
