// Rows are read in chunks, one workgroup each, so that one long row still fills a GPU. The size of a chunk
// depends on nothing else, so a row's result does not depend on the rows beside it.
// The file that follows declares `logits`, where row r begins at params.base + r * params.pitch, and `params`
// with rows, vocab, base, pitch.

const CHUNK: u32 = 4096u;
/// Most chunks of a row: 2^18 columns.
const MAX_CHUNKS: u32 = 64u;
/// Invocations of a workgroup that reads a chunk; a power of two from 32 to 128.
override WORKGROUP: u32 = 128u;
/// Columns read by one invocation, four at a time: four loads are on their way before the first is needed.
override COLUMNS: u32 = CHUNK / WORKGROUP;
override FOURS: u32 = COLUMNS / 4u;

fn chunksPerRow() -> u32 {
  return (params.vocab + CHUNK - 1u) / CHUNK;
}

/// Four columns of a lane; those of neighbouring lanes lie side by side, those of one lane ascend.
fn columnsOf(chunk: u32, lane: u32, four: u32) -> vec4<u32> {
  return chunk * CHUNK + lane + WORKGROUP * (4u * four + vec4<u32>(0u, 1u, 2u, 3u));
}

/// Sort keys of four logits; 0 beyond the vocabulary.
fn keysAt(row: u32, columns: vec4<u32>) -> vec4<u32> {
  let at = params.base + row * params.pitch + min(columns, vec4<u32>(params.vocab - 1u));
  let bits = vec4<u32>(logits[at.x], logits[at.y], logits[at.z], logits[at.w]);
  return select(vec4<u32>(0u), sortKeys(bits), columns < vec4<u32>(params.vocab));
}
