// Speculative sampling's verdict on a draft (METHODS 5.1): which drafted tokens stand, and the token after them.
// Rows 0..n are the large model's warped logits, rows n+1..2n the small model's for drafted tokens 0..n-1.
// Token i stands if u_i < p_i(x_i) / (lenience q_i(x_i)). The first that does not is replaced by a draw from
// norm(max(0, p - lenience q)); after the whole draft a token is drawn from p_n.
// 2n + 1 rows, n tokens, n + 1 uniforms -> 3 words and n + 1 numbers; n <= 12.

struct Params {
  rows: u32, // 2n + 1
  vocab: u32,
  base: u32,
  pitch: u32,
  lenience: f32,
}

@group(0) @binding(0) var<storage, read> logits: array<u32>;
@group(0) @binding(1) var<storage, read> draft: array<u32>; // n, each below vocab
@group(0) @binding(2) var<storage, read> uniforms: array<f32>; // n + 1, in [0, 1)
@group(0) @binding(3) var<storage, read_write> verdict: array<u32>; // accepted, next, badRow
@group(0) @binding(4) var<storage, read_write> numbers: array<f32>; // p(next), then p / (lenience q) of the draft
@group(0) @binding(5) var<storage, read_write> chunkStats: array<vec4<u32>>; // rows x chunks
@group(0) @binding(6) var<storage, read_write> masses: array<vec2<f32>>; // chunks: what is drawn from, and p alone
@group(0) @binding(7) var<uniform> params: Params;

fn drafted() -> u32 {
  return params.rows / 2u;
}

fn wholeOf(row: u32) -> Softmax {
  return unpacked(chunkStats[row * chunksPerRow()]);
}

fn probAt(row: u32, id: u32, whole: Softmax) -> f32 {
  let key = sortKey(logits[params.base + row * params.pitch + id]);
  return select(0.0, exp(below(keyValue(key), keyValue(whole.key))) / whole.sum, key > NEVER_KEY);
}

// 1. lib/softmax.wgsl: partials
// 2. Whole rows, in place of their first chunks.
@compute @workgroup_size(MERGERS)
fn combine(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let row = workgroupNumber(group, groups) * ROWS_MERGED + local / ROW_LANES;
  let whole = wholeRow(row, local);
  if (local % ROW_LANES == 0u && row < params.rows) {
    chunkStats[row * chunksPerRow()] = packed(whole);
  }
}

// 3. One lane per drafted token, then one for all of them.
var<workgroup> stands: array<u32, 16>;

@compute @workgroup_size(16)
fn judge(@builtin(local_invocation_index) i: u32) {
  let n = drafted();
  if (i < n) {
    let p = probAt(i, draft[i], wholeOf(i));
    let q = params.lenience * probAt(n + 1u + i, draft[i], wholeOf(n + 1u + i));
    // A token that the small model could not draw, and did not.
    let ratio = select(0.0, p / max(q, 1e-37), q > 0.0);
    numbers[1u + i] = ratio;
    stands[i] = select(0u, 1u, uniforms[i] < ratio);
  }
  workgroupBarrier();
  if (i == 0u) {
    var accepted = 0u;
    while (accepted < n && stands[accepted] == 1u) {
      accepted++;
    }
    var badRow = NONE;
    for (var row = params.rows; row > 0u; row--) {
      badRow = select(badRow, row - 1u, wholeOf(row - 1u).key == BAD_KEY);
    }
    verdict[0] = select(accepted, 0u, badRow != NONE);
    verdict[2] = badRow;
  }
}

/// What is drawn from at a token, not normalised, and p there.
fn weightAt(accepted: u32, id: u32, judged: Softmax, drafter: Softmax) -> vec2<f32> {
  let p = probAt(accepted, id, judged);
  var q = 0.0;
  if (accepted < drafted()) {
    q = params.lenience * probAt(drafted() + 1u + accepted, id, drafter);
  }
  return vec2<f32>(max(0.0, p - q), p);
}

/// Sums of neighbouring columns, of a lane each.
var<workgroup> parts: array<vec2<f32>, 128>;

/// Each lane takes neighbouring columns, so that lanes are in id order.
fn partOf(chunk: u32, lane: u32) -> vec2<f32> {
  let accepted = verdict[0];
  let judged = wholeOf(accepted);
  let drafter = wholeOf(min(drafted() + 1u + accepted, params.rows - 1u));
  let first = chunk * CHUNK + lane * COLUMNS;
  var sum = vec2<f32>(0.0);
  for (var id = first; id < min(first + COLUMNS, params.vocab); id++) {
    sum += weightAt(accepted, id, judged, drafter);
  }
  return sum;
}

// 4. The mass of each chunk, of the row that the next token is drawn from.
@compute @workgroup_size(WORKGROUP)
fn weigh(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  parts[lane] = partOf(group.x, lane);
  workgroupBarrier();
  if (lane == 0u) {
    var sum = vec2<f32>(0.0);
    for (var other = 0u; other < WORKGROUP; other++) {
      sum += parts[other];
    }
    masses[group.x] = sum;
  }
}

/// The part in which a point lies: the first whose running mass exceeds it, the last with any if none does, and
/// how far into it the point is. Rounding may put a point behind the last.
struct Place {
  part: u32,
  goal: f32,
}

fn further(place: Place, part: u32, mass: f32, left: f32) -> Place {
  if (mass > 0.0) {
    return Place(part, left);
  }
  return place;
}

// 5. The chunk, then the lane's columns, then the column.
@compute @workgroup_size(WORKGROUP)
fn draw(@builtin(local_invocation_index) lane: u32) {
  let accepted = verdict[0];
  var total = vec2<f32>(0.0);
  for (var i = 0u; i < chunksPerRow(); i++) {
    total += masses[i];
  }
  // Where p = q nothing is left over, and nothing is rejected but by rounding: then p itself is drawn from.
  let side = select(1u, 0u, total.x > 0.0);
  var left = uniforms[drafted()] * total[side];
  var chunk = Place(0u, left);
  for (var i = 0u; i < chunksPerRow(); i++) {
    let mass = masses[i][side];
    chunk = further(chunk, i, mass, left);
    if (left < mass) {
      break;
    }
    left -= mass;
  }
  parts[lane] = partOf(chunk.part, lane);
  workgroupBarrier();
  if (lane > 0u) {
    return;
  }
  left = chunk.goal;
  var run = Place(0u, left);
  for (var i = 0u; i < WORKGROUP; i++) {
    let mass = parts[i][side];
    run = further(run, i, mass, left);
    if (left < mass) {
      break;
    }
    left -= mass;
  }
  left = run.goal;
  let judged = wholeOf(accepted);
  let other = wholeOf(min(drafted() + 1u + accepted, params.rows - 1u));
  let first = chunk.part * CHUNK + run.part * COLUMNS;
  var next = Place(judged.id, left);
  for (var id = first; id < min(first + COLUMNS, params.vocab); id++) {
    let weight = weightAt(accepted, id, judged, other)[side];
    next = further(next, id, weight, left);
    if (left < weight) {
      break;
    }
    left -= weight;
  }
  let bad = verdict[2] != NONE;
  verdict[1] = select(next.part, NONE, bad);
  numbers[0] = select(probAt(accepted, next.part, judged), 0.0, bad);
}
