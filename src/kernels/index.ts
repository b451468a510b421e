// All kernels. Listed here, a kernel is tested against its reference on the GPU and timed.

import { accumulate } from './accumulate.ts';
import { adamw } from './adamw.ts';
import { chunkScores } from './chunkScores.ts';
import { copy } from './copy.ts';
import { fuseLogits } from './fuseLogits.ts';
import { gatherCache } from './gatherCache.ts';
import { gradNorm } from './gradNorm.ts';
import { grpoLoss } from './grpoLoss.ts';
import { randomBits } from './randomBits.ts';
import { sampleToken } from './sampleToken.ts';
import { speculativeVerify } from './speculativeVerify.ts';
import { tokenLogProbs } from './tokenLogProbs.ts';
import { tokenLoss } from './tokenLoss.ts';
import { top1 } from './top1.ts';
import { topK } from './topK.ts';
import { verifyDraft } from './verifyDraft.ts';
import { warpLogits } from './warpLogits.ts';

export const kernels = {
  top1,
  topK,
  tokenLogProbs,
  verifyDraft,
  sampleToken,
  warpLogits,
  speculativeVerify,
  fuseLogits,
  chunkScores,
  tokenLoss,
  grpoLoss,
  accumulate,
  gradNorm,
  adamw,
  gatherCache,
  randomBits,
  copy,
} as const;
