// The worker's words about parameters, for the page.

export type {
  Anatomy,
  Answered,
  AskedModel,
  Branch,
  Found,
  Next,
  Opened,
  Part,
  Ranked,
  RankedWeight,
  Ranking,
  Statistics,
  Tile,
  Writing,
} from '../../worker/protocol.ts';
