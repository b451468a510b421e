import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlowNetwork } from './maxFlow.ts';

interface Arc {
  readonly from: number;
  readonly to: number;
  readonly capacity: number;
}

function cutSize(arcs: readonly Arc[], side: (vertex: number) => boolean): number {
  return arcs.reduce((sum, a) => (side(a.from) && !side(a.to) ? sum + a.capacity : sum), 0);
}

describe('minimum cut', () => {
  it('is as small as the smallest of all cuts', () => {
    const vertices = 6;
    const vertex = fc.integer({ min: 0, max: vertices - 1 });
    const arc = fc.record({ from: vertex, to: vertex, capacity: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(fc.array(arc, { maxLength: 14 }), (arcs) => {
        const network = new FlowNetwork();
        for (let i = 0; i < vertices; i++) network.vertex();
        for (const { from, to, capacity } of arcs) network.connect(from, to, capacity);
        const side = network.sourceSide(0, vertices - 1);
        expect(side[0]).toBe(true);
        expect(side[vertices - 1]).toBe(false);
        const inner = Array.from({ length: 2 ** (vertices - 2) }, (_, bits) =>
          cutSize(arcs, (v) => v === 0 || (v < vertices - 1 && ((bits >> (v - 1)) & 1) === 1)),
        );
        expect(cutSize(arcs, (v) => side[v]!)).toBe(Math.min(...inner));
      }),
    );
  });

  it('refuses a path without end', () => {
    const network = new FlowNetwork();
    const [source, sink] = [network.vertex(), network.vertex()];
    network.connect(source, sink, Number.POSITIVE_INFINITY);
    expect(() => network.sourceSide(source, sink)).toThrow('maxFlow: an endless path');
  });
});
