// Dynamic logits fusion as one would compose it from passes that exist anyway: log-softmax, divergences, a tilt for every
// alpha of the grid, the smallest loss, then halvings beside it, and the fused logits. Every distribution is written to
// memory and read again. The yardstick of shaders/fuseLogits.wgsl; nothing but bench/unfused.ts runs it.

struct Params {
  rows: u32,
  vocab: u32,
  expert: u32, // which one is tilted along
  experts: u32,
  point: u32, // number of the alpha among all of them; HALVING: the row's own
  count: u32, // alphas for each expert
  low: f32,
  step: f32,
  slot: u32, // where `gather` leaves what it finds
}

override WORKGROUP: u32 = 64u;
/// Columns that a workgroup sees.
const TILE: u32 = 2048u;
const NOTHING: f32 = -3e38;
const HALVING: u32 = 0xffffffffu;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> c: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;
@group(0) @binding(4) var<storage, read_write> partials: array<vec2<f32>>; // rows x tiles
@group(0) @binding(5) var<storage, read_write> stats: array<vec4<f32>>; // slots x rows
@group(0) @binding(6) var<uniform> params: Params;

// Slots of `stats`: 0 is log-softmax's own, 1 to experts what the experts want, then these.
/// Alpha, its expert, and between what it is looked for.
fn chosenAt(row: u32) -> u32 {
  return (params.experts + 1u) * params.rows + row;
}
/// Mean shift of the large model, and how far the one that is tried has moved.
fn untiltedAt(row: u32) -> u32 {
  return (params.experts + 2u) * params.rows + row;
}
fn movedAt(row: u32) -> u32 {
  return (params.experts + 3u) * params.rows + row;
}
/// Alpha, expert and loss: the best of the experts that have been searched beside.
fn keptAt(row: u32) -> u32 {
  return (params.experts + 4u) * params.rows + row;
}

fn tiles() -> u32 {
  return (params.vocab + TILE - 1u) / TILE;
}

/// The columns of a workgroup; none if it is beyond the last.
struct Span {
  index: u32,
  row: u32,
  first: u32,
  end: u32,
}

fn spanOf(group: vec3<u32>, groups: vec3<u32>) -> Span {
  let index = group.y * groups.x + group.x;
  let row = index / tiles();
  let first = row * params.vocab + index % tiles() * TILE;
  let end = min(first + TILE, (row + 1u) * params.vocab);
  return Span(index, row, first, select(first, end, row < params.rows));
}

/// Largest, and the sum of exponentials from it.
fn joined(x: vec2<f32>, y: vec2<f32>) -> vec2<f32> {
  let high = max(x.x, y.x);
  return vec2<f32>(high, x.y * exp(max(x.x - high, -200.0)) + y.y * exp(max(y.x - high, -200.0)));
}

var<workgroup> folded: array<vec2<f32>, WORKGROUP>;

/// What all lanes have together, for the first.
fn fold(lane: u32, own: vec2<f32>, ofExponentials: bool) -> vec2<f32> {
  folded[lane] = own;
  workgroupBarrier();
  var whole = own;
  if (lane < 8u) {
    for (var i = lane + 8u; i < WORKGROUP; i += 8u) {
      whole = select(whole + folded[i], joined(whole, folded[i]), ofExponentials);
    }
    folded[lane] = whole;
  }
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < 8u; i++) {
      whole = select(whole + folded[i], joined(whole, folded[i]), ofExponentials);
    }
  }
  return whole;
}

/// The same of a row's tiles.
fn foldTiles(row: u32, lane: u32, ofExponentials: bool) -> vec2<f32> {
  var mine = select(vec2<f32>(0.0), vec2<f32>(NOTHING, 0.0), ofExponentials);
  for (var i = row * tiles() + lane; i < (row + 1u) * tiles(); i += WORKGROUP) {
    mine = select(mine + partials[i], joined(mine, partials[i]), ofExponentials);
  }
  return fold(lane, mine, ofExponentials);
}

// log-softmax, first pass: a tile's largest logit of `a` and its sum.
@compute @workgroup_size(WORKGROUP)
fn reduceTiles(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let span = spanOf(group, groups);
  var high = NOTHING;
  for (var i = span.first + lane; i < span.end; i += WORKGROUP) {
    high = max(high, a[i]);
  }
  var sum = 0.0;
  for (var i = span.first + lane; i < span.end; i += WORKGROUP) {
    sum += exp(max(a[i] - high, -200.0));
  }
  let whole = fold(lane, vec2<f32>(high, sum), true);
  if (lane == 0u && span.row < params.rows) {
    partials[span.index] = whole;
  }
}

// log-softmax, second pass: log of the row's sum of exponentials.
@compute @workgroup_size(WORKGROUP)
fn finishRows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let whole = foldTiles(group.x, lane, true);
  if (lane == 0u) {
    stats[group.x] = vec4<f32>(whole.x + log(whole.y), 0.0, 0.0, 0.0);
  }
}

// log-softmax, third pass.
@compute @workgroup_size(WORKGROUP)
fn subtract(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let span = spanOf(group, groups);
  for (var i = span.first + lane; i < span.end; i += WORKGROUP) {
    result[i] = a[i] - stats[span.row].x;
  }
}

// KL(a || b) and KL(b || a) of log-probabilities: a tile's part.
@compute @workgroup_size(WORKGROUP)
fn divergeTiles(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let span = spanOf(group, groups);
  var pair = vec2<f32>(0.0);
  for (var i = span.first + lane; i < span.end; i += WORKGROUP) {
    pair += vec2<f32>(exp(max(a[i], -200.0)) * (a[i] - b[i]), exp(max(b[i], -200.0)) * (b[i] - a[i]));
  }
  let whole = fold(lane, pair, false);
  if (lane == 0u && span.row < params.rows) {
    partials[span.index] = whole;
  }
}

// Mean of b - c, and of its square, under the log-probabilities `a`: a tile's part, where the row's expert is this one.
@compute @workgroup_size(WORKGROUP)
fn averageTiles(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let span = spanOf(group, groups);
  var pair = vec2<f32>(0.0);
  for (var i = span.first + lane; i < span.end; i += WORKGROUP) {
    let shift = b[i] - c[i];
    pair += exp(max(a[i], -200.0)) * vec2<f32>(shift, shift * shift);
  }
  let whole = fold(lane, pair, false);
  if (lane == 0u && span.row < params.rows && u32(stats[chosenAt(span.row)].y) == params.expert) {
    partials[span.index] = whole;
  }
}

// A row's sums: stats[slot].
@compute @workgroup_size(WORKGROUP)
fn gather(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let whole = foldTiles(group.x, lane, false);
  if (lane == 0u) {
    stats[params.slot * params.rows + group.x] = vec4<f32>(whole, 0.0, 0.0);
  }
}

// The loss of an alpha: result[row x experts x count + point].
@compute @workgroup_size(WORKGROUP)
fn lose(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let moved = foldTiles(group.x, lane, false);
  if (lane == 0u) {
    result[group.x * params.experts * params.count + params.point] = lossOf(group.x, moved);
  }
}

fn lossOf(row: u32, moved: vec2<f32>) -> f32 {
  var loss = 0.0;
  for (var t = 1u; t <= params.experts; t++) {
    let miss = moved - stats[t * params.rows + row].xy;
    loss += dot(miss, miss);
  }
  return loss;
}

// The first smallest loss of `a`: of all experts, or of one beside which the search goes on.
@compute @workgroup_size(1)
fn choose(@builtin(workgroup_id) group: vec3<u32>) {
  let points = params.experts * params.count;
  let own = params.point == HALVING;
  var best = select(0u, params.expert * params.count, own);
  let end = select(points, best + params.count, own);
  for (var i = best + 1u; i < end; i++) {
    if (a[group.x * points + i] < a[group.x * points + best]) {
      best = i;
    }
  }
  let alpha = params.low + f32(best % params.count) * params.step;
  let last = params.low + f32(params.count - 1u) * params.step;
  let ends = vec2<f32>(max(params.low, alpha - params.step), min(last, alpha + params.step));
  stats[chosenAt(group.x)] = vec4<f32>(alpha, f32(best / params.count), ends);
}

// Half of what is left in which the loss falls: its slope from the means under the alpha that was tried.
@compute @workgroup_size(WORKGROUP)
fn halve(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let means = foldTiles(group.x, lane, false);
  if (lane > 0u) {
    return;
  }
  var chosen = stats[chosenAt(group.x)];
  let variance = means.y - means.x * means.x;
  let change = vec2<f32>(chosen.x * variance, means.x - stats[untiltedAt(group.x)].x);
  var slope = 0.0;
  for (var t = 1u; t <= params.experts; t++) {
    slope += dot(stats[movedAt(group.x)].xy - stats[t * params.rows + group.x].xy, change);
  }
  if (slope > 0.0) {
    chosen.w = chosen.x;
  } else {
    chosen.z = chosen.x;
  }
  chosen.x = 0.5 * (chosen.z + chosen.w);
  stats[chosenAt(group.x)] = chosen;
}

// What was found beside an expert's best point, if it is better than what was found beside those before it.
@compute @workgroup_size(1)
fn keep(@builtin(workgroup_id) group: vec3<u32>) {
  let chosen = stats[chosenAt(group.x)];
  let loss = lossOf(group.x, stats[movedAt(group.x)].xy);
  let kept = stats[keptAt(group.x)];
  let better = params.expert == 0u || loss < kept.z;
  let now = select(kept, vec4<f32>(chosen.xy, loss, 0.0), better);
  stats[keptAt(group.x)] = now;
  stats[chosenAt(group.x)] = now;
}

// a + alpha (b - c), for the alpha that is being tried, or for the row's own if it is of this expert.
@compute @workgroup_size(WORKGROUP)
fn tilt(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let span = spanOf(group, groups);
  let chosen = stats[chosenAt(min(span.row, params.rows - 1u))];
  let own = params.point == HALVING;
  let alpha = select(params.low + f32(params.point % params.count) * params.step, chosen.x, own);
  let end = select(span.end, span.first, own && u32(chosen.y) != params.expert);
  for (var i = span.first + lane; i < end; i += WORKGROUP) {
    result[i] = a[i] + alpha * (b[i] - c[i]);
  }
}
