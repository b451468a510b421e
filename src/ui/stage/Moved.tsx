// How far the large model's logits were moved at one token, in numbers: alpha, and both divergences beside what
// they should equal.

import type { SolvedAlphas } from '../../core/ops.ts';
import { ROLE_NAMES, type Role } from '../../core/roles.ts';
import { Mark } from '../parts/Mark.tsx';
import { Scroller } from '../parts/Scroller.tsx';

interface Props {
  readonly solved: SolvedAlphas;
  /** What alphas pull along, in their order, and what that is compared with. */
  readonly experts: readonly Role[];
  readonly small: Role;
}

const nats = (value: number): string => value.toFixed(3);

export function Moved({ solved, experts, small }: Props) {
  const { alphas, moved, wanted } = solved;
  return (
    <Scroller label="How far large is moved here">
      <table className="moved">
        <thead>
          <tr>
            <th scope="col">KL, nats</th>
            <th scope="col" className="right">
              α
            </th>
            <th scope="col" className="right">
              there
            </th>
            <th scope="col" className="right">
              back
            </th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">
              <Mark of="fused" />
              fused from large
            </th>
            <td />
            <td className="number">{nats(moved.there)}</td>
            <td className="number">{nats(moved.back)}</td>
          </tr>
          {wanted.map(({ there, back }, t) => {
            const role = experts[t] ?? 'expert';
            return (
              <tr key={role}>
                <th scope="row">
                  <Mark of={role} />
                  {ROLE_NAMES[role]} from {ROLE_NAMES[small]}
                </th>
                <td className="number">{(alphas[t] ?? Number.NaN).toFixed(3)}</td>
                <td className="number">{nats(there)}</td>
                <td className="number">{nats(back)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroller>
  );
}
