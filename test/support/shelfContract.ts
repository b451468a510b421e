// What every shelf promises, as tests; the memory's in Node, the browser's in a browser.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Shelf } from '../../src/store/shelf.ts';

const bytes = (...numbers: number[]) => new Uint8Array(numbers);

/** @param open an empty shelf */
export function describeShelf(name: string, open: () => Promise<Shelf>): void {
  describe(`a shelf: ${name}`, () => {
    let shelf: Shelf;
    beforeEach(async () => {
      shelf = await open();
    });
    const contents = async (path: string) => {
      const file = await shelf.read(path);
      return file && [...new Uint8Array(await file.arrayBuffer())];
    };

    it('gives back what was written, by whatever path', async () => {
      await shelf.write('a/b/c.bin', bytes(1, 2, 3));
      await shelf.write('a/b2/c.bin', new Blob([bytes(4)]));
      expect(await contents('a/b/c.bin')).toEqual([1, 2, 3]);
      expect(await contents('a/b2/c.bin')).toEqual([4]);
      expect(await shelf.list('a')).toEqual(
        new Map([
          ['b/c.bin', 3],
          ['b2/c.bin', 1],
        ]),
      );
      expect(await shelf.list('a/b')).toEqual(new Map([['c.bin', 3]]));
    });

    it('replaces a file by a shorter one, whole', async () => {
      await shelf.write('f/x', bytes(1, 2, 3, 4));
      await shelf.write('f/x', bytes(9));
      expect(await contents('f/x')).toEqual([9]);
    });

    it('takes a stream whole or not at all', async () => {
      const stream = (...chunks: Uint8Array<ArrayBuffer>[]) =>
        new ReadableStream<Uint8Array<ArrayBuffer>>({
          start(controller) {
            for (const chunk of chunks) controller.enqueue(chunk);
            controller.close();
          },
        });
      const seen: number[] = [];
      await shelf.pour('p/x', stream(bytes(1, 2), bytes(3)), (chunk) => void seen.push(...chunk));
      expect(await contents('p/x')).toEqual([1, 2, 3]);
      expect(seen).toEqual([1, 2, 3]);
      const broken = shelf.pour('p/x', stream(bytes(4), bytes(5)), (chunk) => {
        if (chunk[0] === 5) throw new Error('enough');
      });
      await expect(broken).rejects.toThrow('enough');
      expect(await contents('p/x')).toEqual([1, 2, 3]);
    });

    it('moves a file, over another if there is one', async () => {
      await shelf.write('q/x', bytes(1));
      await shelf.write('r/s/y', bytes(2));
      await shelf.move('q/x', 'r/s/y');
      expect(await contents('r/s/y')).toEqual([1]);
      expect([...(await shelf.list('q')).keys()]).toEqual([]);
    });

    it('what was never there reads as nothing, lists as nothing and is removed without a word', async () => {
      expect(await contents('no/where')).toBeUndefined();
      expect(await shelf.list('no')).toEqual(new Map());
      await shelf.remove('no/where');
      await shelf.remove('no');
    });

    it('removes a file, or a folder with all that is in it, and nothing else', async () => {
      await shelf.write('k/1/x', bytes(1));
      await shelf.write('k/1/y/z', bytes(1));
      await shelf.write('k/12/x', bytes(1));
      await shelf.remove('k/1/x');
      expect([...(await shelf.list('k')).keys()].sort()).toEqual(['1/y/z', '12/x']);
      await shelf.remove('k/1');
      expect([...(await shelf.list('k')).keys()]).toEqual(['12/x']);
    });

    it('works under one name one after the other, failures included', async () => {
      const order: string[] = [];
      const work = (name: string) => async () => {
        order.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        order.push(`${name} ends`);
        if (name === 'a') throw new Error('a failed');
        return name;
      };
      const [a, b] = await Promise.allSettled([
        shelf.alone('n', work('a')),
        shelf.alone('n', work('b')),
      ]);
      expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
      expect([a.status, b]).toEqual(['rejected', { status: 'fulfilled', value: 'b' }]);
    });

    it('a name has one owner at a time', async () => {
      const release = await shelf.claim('mine');
      expect(release).toBeTypeOf('function');
      expect(await shelf.claim('mine')).toBeUndefined();
      expect((await shelf.claims()).has('mine')).toBe(true);
      await release?.();
      expect((await shelf.claims()).has('mine')).toBe(false);
      const again = await shelf.claim('mine');
      expect(again).toBeTypeOf('function');
      await again?.();
    });
  });
}
