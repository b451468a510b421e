// Which input is which, from the file alone: the same answer as from a session, before there is one.

import type { MappedPort, PortCard } from '../core/modelCard.ts';
import type { OnnxSummary } from '../onnx/summary.ts';
import { guessRoles } from './portNames.ts';
import { detectSignature, type Signature } from './signature.ts';

type Values = Parameters<typeof detectSignature>[1];

/** What a session says of it once logits are cast (floatLogits.ts). */
const asSession = (ports: readonly PortCard[]): Values =>
  ports.map(({ name, type, shape }) => ({
    name,
    isTensor: true,
    type: name === 'logits' && type === 'float16' ? 'float32' : (type as 'float32'),
    shape: [...shape],
  }));

/** @throws UserError 'checkpoint' naming what is missing or not understood */
export const signatureOf = (name: string, { inputs, outputs }: OnnxSummary): Signature =>
  detectSignature(name, asSession(inputs), asSession(outputs));

/**
 * Every input and output with what it is taken for.
 * @param own usual name -> name in the file, of those that are called otherwise there
 */
export function mappingOf(
  { inputs, outputs }: OnnxSummary,
  signature: Signature | undefined,
  own: ReadonlyMap<string, string> = new Map(),
): MappedPort[] {
  const roles = new Map<string, MappedPort['role']>();
  if (signature) {
    const { inputIds, attentionMask, positionIds, caches } = signature;
    roles.set(inputIds.name, 'token ids');
    if (attentionMask) roles.set(attentionMask.name, 'attention mask');
    if (positionIds) roles.set(positionIds.name, 'positions');
    for (const { past, present } of caches) roles.set(past, 'cache in').set(present, 'cache out');
    roles.set('logits', 'logits');
  }
  const guesses = signature ? {} : guessRoles(inputs, outputs);
  const mapped = (port: PortCard, goes: MappedPort['goes']): MappedPort => ({
    ...port,
    name: own.get(port.name) ?? port.name,
    role: roles.get(port.name) ?? 'not used',
    goes,
    ...(guesses[port.name] && { guess: guesses[port.name] }),
  });
  return [
    ...inputs.map((port) => mapped(port, 'in')),
    ...outputs.map((port) => mapped(port, 'out')),
  ];
}
