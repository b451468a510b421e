// The completions for one prompt.

import { useMemo, useState } from 'react';
import {
  type PolicyRole,
  REWARD_PARTS,
  type RewardPart,
  type ShownCompletion,
  type ShownGroup,
} from '../../core/policyEvents.ts';
import { fullAt, type Tint, tintOf, tokenValues } from '../../state/completions.ts';
import { plural, titled, visible } from '../../state/format.ts';
import { POLICY_ROLES } from '../../state/policy.ts';
import { Scroller } from '../parts/Scroller.tsx';
import { Twin } from '../parts/Twin.tsx';

interface Props {
  readonly group: ShownGroup;
  /** Of the step: colours mean the same in all of them. */
  readonly all: readonly ShownGroup[];
  readonly tint: Tint;
  readonly role: PolicyRole;
  readonly first: boolean;
}

export function Group({ group, all, tint, role, first }: Props) {
  const [open, setOpen] = useState(first);
  const { prompt, expected, by, completions } = group;
  const right = completions.filter(({ parts }) => parts.correctness === 1).length;
  return (
    <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <span className="mono asked">{prompt}</span>
        <span className="mono muted">{expected}</span>
        <span className="fine num">
          {right} of {plural(completions.length, 'completion')} right
        </span>
      </summary>
      {open && <Rows group={group} by={by} full={fullAt(all, tint, role)} {...{ tint, role }} />}
    </details>
  );
}

interface RowsProps {
  readonly group: ShownGroup;
  readonly by: PolicyRole;
  readonly tint: Tint;
  readonly role: PolicyRole;
  /** The value at which a colour is full. */
  readonly full: number;
}

const signed = (value: number | undefined): string =>
  value === undefined ? '–' : `${value > 0 ? '+' : ''}${value.toFixed(2)}`;
const plain = (value: number | undefined): string =>
  value === undefined ? '–' : String(Number(value.toFixed(2)));
const SHORT: Readonly<Record<RewardPart, string>> = {
  correctness: 'Right',
  format: 'Format',
  length: 'Length',
  distillation: 'Distil.',
};

function Rows({ group, by, tint, role, full }: RowsProps) {
  const { completions, prompt } = group;
  const parts = REWARD_PARTS.filter((part) =>
    completions.some((one) => one.parts[part] !== undefined),
  );
  const has = (what: 'rewards' | 'advantages') =>
    POLICY_ROLES.filter((one) => completions.some((row) => row[what][one] !== undefined));
  const rewarded = has('rewards');
  const advantaged = has('advantages');
  const sampled = completions.some(({ kept }) => !kept);
  const head = (what: string, one: PolicyRole, of: readonly PolicyRole[]) =>
    of.length > 1 ? `${what}, ${one}` : what;
  return (
    <>
      <Scroller label={`Completions for ${prompt}`}>
        <table className="group">
          <thead>
            <tr>
              {sampled && <th scope="col">Kept</th>}
              <th scope="col">Completion by {by}</th>
              {parts.map((part) => (
                <th key={part} scope="col" className="right">
                  {SHORT[part]}
                </th>
              ))}
              {rewarded.map((one) => (
                <th key={one} scope="col" className="right">
                  {head('Reward', one, rewarded)}
                </th>
              ))}
              {advantaged.map((one) => (
                <th key={one} scope="col" className="right">
                  {head('Advantage', one, advantaged)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {completions.map((one) => (
              <tr key={one.sample} className={one.kept ? '' : 'dropped'}>
                {sampled && <td>{one.kept ? '✓' : <span className="fine">dropped</span>}</td>}
                <th scope="row" className="mono">
                  <Tokens one={one} {...{ tint, role, full }} />
                </th>
                {parts.map((part) => (
                  <td key={part} className="number">
                    {plain(one.parts[part])}
                  </td>
                ))}
                {rewarded.map((of) => (
                  <td key={of} className="number">
                    {plain(one.rewards[of])}
                  </td>
                ))}
                {advantaged.map((of) => (
                  <td key={of} className="number">
                    {one.kept ? signed(one.advantages[of]) : '–'}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      <TokenNumbers group={group} role={role} />
    </>
  );
}

interface TokensProps {
  readonly one: ShownCompletion;
  readonly tint: Tint;
  readonly role: PolicyRole;
  readonly full: number;
}

/** What a token looks like; one that writes nothing ends the text. */
const shown = (text: string): string => (text === '' ? '∎' : text.replace(/\n/g, '↵'));

function Tokens({ one, tint, role, full }: TokensProps) {
  const values = tokenValues(one, tint, role);
  const name = tint === 'logRatio' ? 'log-ratio' : 'advantage';
  return (
    <>
      {one.texts.map((text, at) => {
        const value = values[at];
        const share = value === undefined ? 0 : tintOf(value, full);
        const side = share > 0.05 ? 'more' : share < -0.05 ? 'less' : '';
        const hint = at < one.hinted ? ', hint by large' : '';
        return (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a token's place is its name
            key={at}
            className={`token ${tint} ${side} ${at < one.hinted ? 'hinted' : ''}`}
            style={{ '--tint': `${Math.round(100 * Math.abs(share))}%` } as React.CSSProperties}
            title={value === undefined ? `no ${name}${hint}` : `${name} ${signed(value)}${hint}`}
          >
            {shown(text)}
          </span>
        );
      })}
      {one.truncated && <span className="fine"> … cut</span>}
    </>
  );
}

interface TokenRow {
  readonly completion: number;
  readonly at: number;
  readonly text: string;
  readonly ratio: number | undefined;
  readonly advantage: number | undefined;
}

/** What the colours mean, in numbers. */
function TokenNumbers({ group, role }: { group: ShownGroup; role: PolicyRole }) {
  const rows = useMemo(
    () =>
      group.completions.flatMap((one): readonly TokenRow[] => {
        const ratios = tokenValues(one, 'logRatio', role);
        const advantages = tokenValues(one, 'advantage', role);
        return one.texts.map((text, at) => ({
          completion: one.sample + 1,
          at: at + 1,
          text,
          ratio: ratios[at],
          advantage: advantages[at],
        }));
      }),
    [group, role],
  );
  return (
    <Twin
      title={`Tokens for ${group.prompt}`}
      rows={rows}
      columns={[
        { title: 'Completion', of: ({ completion }) => completion },
        { title: 'Place', of: ({ at }) => at },
        { title: 'Token', of: ({ text }) => visible(text) || '∎' },
        { title: 'Log-ratio', of: ({ ratio }) => signed(ratio) },
        { title: titled(`advantage, ${role}`), of: ({ advantage }) => signed(advantage) },
      ]}
    />
  );
}
