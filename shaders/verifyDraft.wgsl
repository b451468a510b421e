// BiLD's verdict on a draft: distances, the first token that goes, and what stands in its place.
// rows x vocab logits, rows - 1 draft tokens -> 3 words and rows numbers; rows <= 16.
// d_j = -log p_j(draft_j); the first j with d_j > threshold and argmax_j != draft_j goes; row j's argmax
// takes its place, or the last row's continues after the whole draft.

struct Params {
  rows: u32,
  vocab: u32,
  base: u32,
  pitch: u32,
  threshold: f32,
}

@group(0) @binding(0) var<storage, read> logits: array<u32>;
@group(0) @binding(1) var<storage, read> draft: array<u32>; // rows - 1, each below vocab
@group(0) @binding(2) var<storage, read_write> verdict: array<u32>; // accepted, next, badRow
@group(0) @binding(3) var<storage, read_write> numbers: array<f32>; // p(next), d_0, d_1, ...
@group(0) @binding(4) var<storage, read_write> chunkStats: array<vec4<u32>>; // rows x chunks
@group(0) @binding(5) var<uniform> params: Params;

struct Judged {
  stands: bool,
  bad: bool,
  id: u32,
  prob: f32,
}
var<workgroup> judged: array<Judged, ROWS_MERGED>;

// 1. lib/softmax.wgsl: partials
// 2. One workgroup: a few lanes merge each row's chunks and judge its token, then lane 0 reads the verdicts.
@compute @workgroup_size(MERGERS)
fn combine(@builtin(local_invocation_index) local: u32) {
  let row = local / ROW_LANES;
  let whole = wholeRow(row, local);
  if (local % ROW_LANES == 0u && row < params.rows) {
    let bad = whole.key == BAD_KEY;
    var stands = false;
    if (row + 1u < params.rows) {
      let x = keyValue(sortKey(logits[params.base + row * params.pitch + draft[row]]));
      let distance = keyValue(whole.key) - x + log(max(whole.sum, 1.0));
      numbers[row + 1u] = select(distance, 0.0, bad);
      stands = !(distance > params.threshold && whole.id != draft[row]);
    }
    judged[row] = Judged(stands, bad, whole.id, 1.0 / whole.sum);
  }
  workgroupBarrier();

  if (local == 0u) {
    var cut = params.rows - 1u;
    var badRow = NONE;
    // Backwards, so that the first row of its kind has the last word.
    for (var i = params.rows; i > 0u; i--) {
      let j = i - 1u;
      cut = select(cut, j, !judged[j].stands);
      badRow = select(badRow, j, judged[j].bad);
    }
    let bad = badRow != NONE;
    verdict[0] = select(cut, 0u, bad);
    verdict[1] = select(judged[cut].id, NONE, bad);
    verdict[2] = badRow;
    numbers[0] = select(judged[cut].prob, 0.0, bad);
  }
}
