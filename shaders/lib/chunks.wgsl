// Rows are read in chunks, one workgroup each, so that one long row still fills a GPU. The size of a chunk
// depends on nothing else, so a row's result does not depend on the rows beside it.
// The file that follows declares `params` with rows and vocab.

/// Columns read by one invocation.
const COLUMNS: u32 = 16u;
/// Invocations of a workgroup that reads a chunk; a multiple of 16, at most 256.
override WORKGROUP: u32 = 64u;
override CHUNK: u32 = WORKGROUP * COLUMNS;

fn chunksPerRow() -> u32 {
  return (params.vocab + CHUNK - 1u) / CHUNK;
}

/// Most chunks of a row: 2^18 columns.
const MAX_CHUNKS: u32 = 256u;

/// Columns of neighbouring lanes lie side by side, and those of one lane ascend.
fn columnOf(chunk: u32, lane: u32, i: u32) -> u32 {
  return chunk * CHUNK + i * WORKGROUP + lane;
}
