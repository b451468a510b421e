// The most probable token of each row and its probability.
// rows x vocab logits -> rows tokens, rows probabilities; ties go to the lowest id, a bad row gives NONE.

struct Params {
  rows: u32,
  vocab: u32,
  base: u32,
  pitch: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<u32>;
@group(0) @binding(1) var<storage, read_write> tokens: array<u32>; // rows
@group(0) @binding(2) var<storage, read_write> probs: array<f32>; // rows
@group(0) @binding(3) var<storage, read_write> chunkStats: array<vec4<u32>>; // rows x chunks
@group(0) @binding(4) var<uniform> params: Params;

// 1. lib/softmax.wgsl: partials
// 2. A few lanes merge each row's chunks; p(argmax) = exp(m - m) / sum.
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
    tokens[row] = select(whole.id, NONE, bad);
    probs[row] = select(1.0 / whole.sum, 0.0, bad);
  }
}
