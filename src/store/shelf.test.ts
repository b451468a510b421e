import { describeShelf } from '../../test/support/shelfContract.ts';
import { createMemoryShelf } from './memoryShelf.ts';

describeShelf('memory', async () => createMemoryShelf());
