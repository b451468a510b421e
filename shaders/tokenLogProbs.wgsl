// log p of one given token per row, and the row's entropy, in nats.
// rows x vocab logits, rows tokens -> rows log-probabilities, rows entropies; a bad row has entropy -1.

struct Params {
  rows: u32,
  vocab: u32,
  base: u32,
  pitch: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<u32>;
@group(0) @binding(1) var<storage, read> tokens: array<u32>; // rows, each below vocab
@group(0) @binding(2) var<storage, read_write> logProbs: array<f32>; // rows
@group(0) @binding(3) var<storage, read_write> entropies: array<f32>; // rows
@group(0) @binding(4) var<storage, read_write> chunkStats: array<vec4<u32>>; // rows x chunks
@group(0) @binding(5) var<uniform> params: Params;

// 1. lib/softmax.wgsl: partials
// 2. A few lanes merge each row's chunks.
@compute @workgroup_size(MERGERS)
fn combine(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = workgroupNumber(group, groups) * ROWS_MERGED + local / ROW_LANES;
  let whole = wholeRow(row, local);
  if (local % ROW_LANES == 0u && row < params.rows) {
    let bad = whole.key == BAD_KEY;
    let x = keyValue(sortKey(logits[params.base + row * params.pitch + tokens[row]]));
    let logSum = log(max(whole.sum, 1.0));
    logProbs[row] = select(x - keyValue(whole.key) - logSum, 0.0, bad);
    entropies[row] = select(logSum - whole.dot / whole.sum, -1.0, bad);
  }
}
