// Warps rows of logits in place, so that their softmax is the distribution that sampleToken draws from:
// (x - max) / temperature where top-k, top-p and min-p keep the token, never elsewhere; a bad row is NaN.
// rows x vocab logits. Each is read a few times more if there is a border to find, and written once.

struct Params {
  rows: u32,
  vocab: u32,
  base: u32,
  pitch: u32,
  temperature: f32,
  topK: u32, // 0 keeps all
  topP: u32, // in units of 2^-24
  minWeight: u32,
}

@group(0) @binding(0) var<storage, read_write> logits: array<u32>; // floats, judged by their bits
@group(0) @binding(1) var<storage, read_write> chunkSums: array<vec4<u32>>; // rows x chunks, as in sampleToken
@group(0) @binding(2) var<storage, read_write> bins: array<atomic<u32>>; // rows x 256 x 2
@group(0) @binding(3) var<storage, read_write> states: array<State>; // rows
@group(0) @binding(4) var<uniform> params: Params;

/// Tokens at the border: in the chunks before this one, then in the columns of each lane.
var<workgroup> tiesBefore: atomic<u32>;
var<workgroup> tiesIn: array<u32, 128>;

// 1. to 5. lib/kept.wgsl and lib/border.wgsl.

// 6. Each lane takes neighbouring columns, so that lanes are in id order and ties can be counted off.
@compute @workgroup_size(WORKGROUP)
fn warp(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroupNumber(group, groups);
  if (index >= params.rows * chunksPerRow()) {
    return;
  }
  let row = index / chunksPerRow();
  let chunk = index % chunksPerRow();
  let state = states[row];
  for (var before = lane; before < chunk; before += WORKGROUP) {
    atomicAdd(&tiesBefore, chunkSums[row * chunksPerRow() + before].z);
  }
  let first = chunk * CHUNK + lane * COLUMNS;
  var ties = 0u;
  for (var i = 0u; i < FOURS; i++) {
    ties += total4(tiesOf(keysAt(row, first + 4u * i + vec4<u32>(0u, 1u, 2u, 3u)), state));
  }
  tiesIn[lane] = ties;
  workgroupBarrier();
  var tie = atomicLoad(&tiesBefore);
  for (var other = 0u; other < lane; other++) {
    tie += tiesIn[other];
  }

  let high = keyValue(state.largest);
  for (var column = first; column < min(first + COLUMNS, params.vocab); column++) {
    let at = params.base + row * params.pitch + column;
    let key = sortKey(logits[at]);
    let weight = weightOf(key, state.largest);
    let atEnd = key == state.endKey;
    let kept = key > state.endKey || (atEnd && tie < state.endTies);
    tie += select(0u, 1u, atEnd);
    let value = bitcast<u32>((keyValue(key) - high) / params.temperature);
    let word = select(NEVER_BITS, value, kept && weight > 0u && weight >= params.minWeight);
    logits[at] = select(word, 0x7fc00000u, state.phase == BAD);
  }
}
