// log p of each row's target, g log p, the row's entropy, and the gradient of sum_t g_t log p(y_t).
// rows x vocab logits, rows targets, rows weights g -> rows log-probabilities, rows losses, rows entropies;
// in place of the logits their gradient, g (onehot - p). Every logit is read twice and written once.

struct Params {
  rows: u32,
  vocab: u32,
  base: u32,
  pitch: u32,
}

@group(0) @binding(0) var<storage, read> targets: array<u32>; // rows; not below vocab: ignored
@group(0) @binding(1) var<storage, read> weights: array<f32>; // rows
@group(0) @binding(2) var<storage, read_write> logits: array<u32>; // floats, judged by their bits
@group(0) @binding(3) var<storage, read_write> logProbs: array<f32>; // rows
@group(0) @binding(4) var<storage, read_write> losses: array<f32>; // rows
@group(0) @binding(5) var<storage, read_write> entropies: array<f32>; // rows
@group(0) @binding(6) var<storage, read_write> chunkStats: array<vec4<u32>>; // rows x chunks
@group(0) @binding(7) var<uniform> params: Params;

fn rowCoolness() -> f32 {
  return 1.0;
}

// 1. `readRows` of lib/targets.wgsl.
// 2. A few lanes merge each row's chunks; what the whole row is takes the place of its first chunk.
@compute @workgroup_size(MERGERS)
fn combine(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = workgroupNumber(group, groups) * ROWS_MERGED + local / ROW_LANES;
  let whole = wholeRow(row, local);
  if (local % ROW_LANES == 0u && row < params.rows) {
    if (ignored(row)) {
      logProbs[row] = 0.0;
      losses[row] = 0.0;
      entropies[row] = 0.0;
      return;
    }
    let bad = whole.key == BAD_KEY;
    let x = keyValue(sortKey(logits[params.base + row * params.pitch + targets[row]]));
    let logSum = log(max(whole.sum, 1.0));
    let logProb = x - keyValue(whole.key) - logSum;
    logProbs[row] = select(logProb, 0.0, bad);
    losses[row] = select(weights[row] * max(logProb, keyValue(NEVER_KEY)), 0.0, bad);
    entropies[row] = select(logSum - whole.dot / whole.sum, -1.0, bad);
    chunkStats[row * chunksPerRow()] = packed(whole);
  }
}

// 3. Every logit becomes its gradient: g (onehot - p), and 0 in rows that are ignored, bad or of weight 0.
@compute @workgroup_size(WORKGROUP)
fn writeGradients(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroupNumber(group, groups);
  if (index >= params.rows * chunksPerRow()) {
    return;
  }
  let row = index / chunksPerRow();
  let bad = unpacked(chunkStats[row * chunksPerRow()]).key == BAD_KEY;
  let g = weights[row];
  writeChunk(index, lane, g, ignored(row) || bad || g == 0.0);
}
