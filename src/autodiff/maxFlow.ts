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
    for (const vertex of queue) {
      for (const index of this.#out[vertex]!) {
        const { to, capacity } = this.#edges[index]!;
        if (capacity <= 0 || levels[to] !== -1) continue;
        levels[to] = levels[vertex]! + 1;
        queue.push(to);
      }
    }
    return levels;
  }

  /**
   * A path from source to sink along rising levels, as edge indices; undefined if there is none left.
   * `next` is the first edge of each vertex that may still lead to the sink. A loop, not a recursion: paths are as
   * long as a model is deep.
   */
  #path(source: number, sink: number, levels: Int32Array, next: number[]): number[] | undefined {
    const path: number[] = [];
    let vertex = source;
    while (vertex !== sink) {
      const index = this.#out[vertex]![next[vertex]!];
      if (index === undefined) {
        const last = path.pop();
        if (last === undefined) return undefined;
        vertex = this.#edges[this.#edges[last]!.back]!.to;
        next[vertex]! += 1;
        continue;
      }
      const { to, capacity } = this.#edges[index]!;
      if (capacity > 0 && levels[to] === levels[vertex]! + 1) {
        path.push(index);
        vertex = to;
      } else {
        next[vertex]! += 1;
      }
    }
    return path;
  }

  /** Fills the network and returns which vertices stay on the source's side of a minimum cut. */
  sourceSide(source: number, sink: number): readonly boolean[] {
    for (;;) {
      const levels = this.#levels(source);
      if (levels[sink] === -1) return Array.from(levels, (level) => level !== -1);
      const next = this.#out.map(() => 0);
      for (;;) {
        const path = this.#path(source, sink, levels, next)?.map((index) => this.#edges[index]!);
        if (path === undefined) break;
        const flow = Math.min(...path.map((edge) => edge.capacity));
        if (flow === Number.POSITIVE_INFINITY) throw new Error('maxFlow: an endless path');
        for (const edge of path) {
          edge.capacity -= flow;
          this.#edges[edge.back]!.capacity += flow;
        }
      }
    }
  }
}
