// The blocks as a table: counts, formulas and shares, each block unfolding into its parts. A tensor's name leads to its
// picture.

import { useState } from 'react';
import type { LookedAt } from '../../core/dials.ts';
import { quantity } from '../../state/format.ts';
import { percentages } from '../../state/parameters/shares.ts';
import type { Branch, Opened } from '../../state/parameters/types.ts';
import { Scroller } from '../parts/Scroller.tsx';
import { useBench } from './useBench.ts';

interface Row {
  readonly branch: Branch;
  readonly depth: number;
  readonly share: number;
}

/** Shares of the whole model; siblings add up to what stands above them. */
function rowsOf(tree: Branch, open: ReadonlySet<string>): readonly Row[] {
  const tops = percentages(
    tree.children.map(({ count }) => count),
    2,
  );
  const rows: Row[] = [{ branch: tree, depth: 0, share: 100 }];
  const add = (branch: Branch, depth: number, share: number) => {
    rows.push({ branch, depth, share });
    if (!open.has(branch.id)) return;
    const parts = percentages(
      branch.children.map(({ count }) => count),
      4,
    );
    branch.children.forEach((child, i) => {
      add(child, depth + 1, (parts[i]! * share) / 100);
    });
  };
  tree.children.forEach((child, i) => {
    add(child, 1, tops[i]!);
  });
  return rows;
}

export function BlockTable({ role, model }: { role: LookedAt; model: Opened }) {
  const { go } = useBench();
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(['layer 0']));
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  const { sizes } = model.anatomy;
  return (
    <section aria-labelledby="block-table">
      <h2 id="block-table">Every block, counted</h2>
      <p className="fine">
        {Object.entries(sizes).map(([symbol, size]) => (
          <span key={symbol} className="num symbol">
            <b>{symbol}</b> {SYMBOLS[symbol]} = {quantity(size)}
          </span>
        ))}
      </p>
      <Scroller label={`Parameters of ${model.name} by block`}>
        <table className="block-table">
          <thead>
            <tr>
              <th scope="col">Block</th>
              <th scope="col">Shape</th>
              <th scope="col">Formula</th>
              <th scope="col" className="right">
                Parameters
              </th>
              <th scope="col" className="right">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {rowsOf(model.tree, open).map(({ branch, depth, share }) => {
              const part = model.anatomy.parts.find(({ name }) => name === branch.tensor);
              return (
                <tr key={branch.id}>
                  <th scope="row" style={{ paddingLeft: `${depth * 14}px` }}>
                    {branch.tensor !== undefined ? (
                      <button
                        type="button"
                        className="button bare plain"
                        title={`Look at ${branch.tensor}`}
                        onClick={() => go('look', { model: role, tensor: branch.tensor ?? '' })}
                      >
                        <span className={`kind key ${branch.kind}`} aria-hidden="true" />
                        {branch.title}
                      </button>
                    ) : depth === 0 ? (
                      <b>{branch.title}</b>
                    ) : (
                      <button
                        type="button"
                        className="button bare plain"
                        aria-expanded={open.has(branch.id)}
                        onClick={() => toggle(branch.id)}
                      >
                        <span className="fold" aria-hidden="true" />
                        {branch.title}
                      </button>
                    )}
                  </th>
                  <td className="mono">
                    {part?.dims.join(' × ')}
                    {part && part.stored !== 'float32' && (
                      <span className="fine"> {part.stored}</span>
                    )}
                  </td>
                  <td className="mono">{branch.formula}</td>
                  <td className="number">{quantity(branch.count)}</td>
                  <td className="number">{share.toFixed(2)} %</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroller>
      <p className="fine">
        Shares are rounded so that they add up to 100, which may set equal blocks a hundredth apart.
      </p>
    </section>
  );
}

const SYMBOLS: Readonly<Record<string, string>> = {
  V: 'tokens',
  T: 'positions',
  d: 'elements of a state',
  f: 'neurons of an MLP',
  q: 'elements of all query heads',
  k: 'elements of all key heads',
};
