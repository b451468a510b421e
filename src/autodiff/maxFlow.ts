// Dinic's maximum flow (E. A. Dinic, 1970): breadth-first levels, then blocking flows along them. Small and exact;
// training graphs have a few hundred vertices.

interface Edge {
  readonly to: number;
  /** What may still flow. */
  capacity: number;
  /** Index of the opposite edge in `edges`. */
  readonly back: number;
}

export class FlowNetwork {
  readonly #edges: Edge[] = [];
  readonly #out: number[][] = [];

  vertex(): number {
    return this.#out.push([]) - 1;
  }

  /** Capacity may be Infinity, but not along a whole path from source to sink. */
  connect(from: number, to: number, capacity: number): void {
    const index = this.#edges.length;
    this.#edges.push({ to, capacity, back: index + 1 }, { to: from, capacity: 0, back: index });
    this.#out[from]!.push(index);
    this.#out[to]!.push(index + 1);
  }

  /** Distance from the source along edges with capacity left; -1 where none leads. */
  #levels(source: number): Int32Array {
    const levels = new Int32Array(this.#out.length).fill(-1);
    levels[source] = 0;
    const queue = [source];
    for (let vertex = queue.shift(); vertex !== undefined; vertex = queue.shift()) {
      for (const index of this.#out[vertex]!) {
        const { to, capacity } = this.#edges[index]!;
        if (capacity <= 0 || levels[to] !== -1) continue;
        levels[to] = levels[vertex]! + 1;
        queue.push(to);
      }
    }
    return levels;
  }

  /** Sends up to `limit` from the vertex to the sink along rising levels; `next` skips exhausted edges. */
  #send(vertex: number, sink: number, limit: number, levels: Int32Array, next: number[]): number {
    if (vertex === sink) return limit;
    const out = this.#out[vertex]!;
    for (; next[vertex]! < out.length; next[vertex]! += 1) {
      const edge = this.#edges[out[next[vertex]!]!]!;
      if (edge.capacity <= 0 || levels[edge.to] !== levels[vertex]! + 1) continue;
      const sent = this.#send(edge.to, sink, Math.min(limit, edge.capacity), levels, next);
      if (sent === 0) continue;
      edge.capacity -= sent;
      this.#edges[edge.back]!.capacity += sent;
      return sent;
    }
    return 0;
  }

  /** Fills the network and returns which vertices stay on the source's side of a minimum cut. */
  sourceSide(source: number, sink: number): readonly boolean[] {
    for (;;) {
      const levels = this.#levels(source);
      if (levels[sink] === -1) return Array.from(levels, (level) => level !== -1);
      const next = this.#out.map(() => 0);
      for (;;) {
        const sent = this.#send(source, sink, Number.POSITIVE_INFINITY, levels, next);
        if (sent === Number.POSITIVE_INFINITY) throw new Error('maxFlow: an endless path');
        if (sent === 0) break;
      }
    }
  }
}
