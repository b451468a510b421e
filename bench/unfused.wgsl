// Dynamic logits fusion as one would compose it from passes that exist anyway: log-softmax, divergences, a tilt for every
// alpha of the grid, the smallest loss, and the fused logits. Every distribution is written to memory and read again.
// The yardstick of shaders/fuseLogits.wgsl; nothing but bench/unfused.ts runs it.

struct Params {
  rows: u32,
  vocab: u32,
  expert: u32, // which one is tilted along
  experts: u32,
  point: u32, // number of the alpha among all of them
  count: u32, // alphas for each expert
  low: f32,
  step: f32,
}

override WORKGROUP: u32 = 64u;
/// Columns that a workgroup sees.
const TILE: u32 = 2048u;
const NOTHING: f32 = -3e38;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> c: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;
@group(0) @binding(4) var<storage, read_write> partials: array<vec2<f32>>; // rows x tiles
@group(0) @binding(5) var<storage, read_write> stats: array<vec2<f32>>; // rows
@group(0) @binding(6) var<uniform> params: Params;

var<workgroup> folded: array<vec2<f32>, 256>;

fn tiles() -> u32 {
  return (params.vocab + TILE - 1u) / TILE;
}

/// Largest, and the sum of exponentials from it.
fn joined(x: vec2<f32>, y: vec2<f32>) -> vec2<f32> {
  let high = max(x.x, y.x);
  return vec2<f32>(high, x.y * exp(max(x.x - high, -200.0)) + y.y * exp(max(y.x - high, -200.0)));
}

fn number(group: vec3<u32>, groups: vec3<u32>) -> u32 {
  return group.y * groups.x + group.x;
}

// log-softmax, first pass: a tile's largest logit of `a` and its sum.
@compute @workgroup_size(WORKGROUP)
fn reduceTiles(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = number(group, groups);
  if (index >= params.rows * tiles()) {
    return;
  }
  let row = index / tiles();
  let first = index % tiles() * TILE;
  let end = min(first + TILE, params.vocab);
  var high = NOTHING;
  for (var i = first + lane; i < end; i += WORKGROUP) {
    high = max(high, a[row * params.vocab + i]);
  }
  var sum = 0.0;
  for (var i = first + lane; i < end; i += WORKGROUP) {
    sum += exp(max(a[row * params.vocab + i] - high, -200.0));
  }
  folded[lane] = vec2<f32>(high, sum);
  workgroupBarrier();
  if (lane == 0u) {
    var whole = folded[0];
    for (var i = 1u; i < WORKGROUP; i++) {
      whole = joined(whole, folded[i]);
    }
    partials[index] = whole;
  }
}

// log-softmax, second pass: log of the row's sum of exponentials.
@compute @workgroup_size(WORKGROUP)
fn finishRows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = number(group, groups);
  if (row >= params.rows) {
    return;
  }
  var mine = vec2<f32>(NOTHING, 0.0);
  for (var i = lane; i < tiles(); i += WORKGROUP) {
    mine = joined(mine, partials[row * tiles() + i]);
  }
  folded[lane] = mine;
  workgroupBarrier();
  if (lane == 0u) {
    var whole = folded[0];
    for (var i = 1u; i < WORKGROUP; i++) {
      whole = joined(whole, folded[i]);
    }
    stats[row] = vec2<f32>(whole.x + log(whole.y), 0.0);
  }
}

// log-softmax, third pass.
@compute @workgroup_size(WORKGROUP)
fn subtract(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = number(group, groups);
  if (index >= params.rows * tiles()) {
    return;
  }
  let row = index / tiles();
  let first = index % tiles() * TILE;
  let end = min(first + TILE, params.vocab);
  for (var i = first + lane; i < end; i += WORKGROUP) {
    result[row * params.vocab + i] = a[row * params.vocab + i] - stats[row].x;
  }
}

// KL(a || b) and KL(b || a) of log-probabilities: a tile's part.
@compute @workgroup_size(WORKGROUP)
fn divergeTiles(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = number(group, groups);
  if (index >= params.rows * tiles()) {
    return;
  }
  let row = index / tiles();
  let first = index % tiles() * TILE;
  let end = min(first + TILE, params.vocab);
  var pair = vec2<f32>(0.0);
  for (var i = first + lane; i < end; i += WORKGROUP) {
    let p = a[row * params.vocab + i];
    let q = b[row * params.vocab + i];
    pair += vec2<f32>(exp(max(p, -200.0)) * (p - q), exp(max(q, -200.0)) * (q - p));
  }
  folded[lane] = pair;
  workgroupBarrier();
  if (lane == 0u) {
    var whole = folded[0];
    for (var i = 1u; i < WORKGROUP; i++) {
      whole += folded[i];
    }
    partials[index] = whole;
  }
}

fn divergence(row: u32) -> vec2<f32> {
  var whole = vec2<f32>(0.0);
  for (var i = 0u; i < tiles(); i++) {
    whole += partials[row * tiles() + i];
  }
  return whole;
}

// What an expert asks for: stats[rows + row x experts + expert].
@compute @workgroup_size(1)
fn want(@builtin(workgroup_id) group: vec3<u32>) {
  stats[params.rows + group.x * params.experts + params.expert] = divergence(group.x);
}

// The loss of an alpha: result[row x experts x count + point].
@compute @workgroup_size(1)
fn lose(@builtin(workgroup_id) group: vec3<u32>) {
  let moved = divergence(group.x);
  var loss = 0.0;
  for (var t = 0u; t < params.experts; t++) {
    let miss = moved - stats[params.rows + group.x * params.experts + t];
    loss += dot(miss, miss);
  }
  result[group.x * params.experts * params.count + params.point] = loss;
}

// a + alpha (b - c), for the alpha that is being tried.
@compute @workgroup_size(WORKGROUP)
fn tilt(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = number(group, groups);
  if (index >= params.rows * tiles()) {
    return;
  }
  let row = index / tiles();
  let first = index % tiles() * TILE;
  let end = min(first + TILE, params.vocab);
  let alpha = params.low + f32(params.point % params.count) * params.step;
  for (var i = first + lane; i < end; i += WORKGROUP) {
    let at = row * params.vocab + i;
    result[at] = a[at] + alpha * (b[at] - c[at]);
  }
}

// The first smallest loss of `a`: its number in stats[row].
@compute @workgroup_size(1)
fn choose(@builtin(workgroup_id) group: vec3<u32>) {
  let points = params.experts * params.count;
  var best = 0u;
  for (var i = 1u; i < points; i++) {
    if (a[group.x * points + i] < a[group.x * points + best]) {
      best = i;
    }
  }
  stats[group.x] = vec2<f32>(params.low + f32(best % params.count) * params.step, f32(best / params.count));
}

// The fused logits, for rows whose alpha is this expert's.
@compute @workgroup_size(WORKGROUP)
fn combine(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = number(group, groups);
  if (index >= params.rows * tiles()) {
    return;
  }
  let row = index / tiles();
  if (u32(stats[row].y) != params.expert) {
    return;
  }
  let first = index % tiles() * TILE;
  let end = min(first + TILE, params.vocab);
  for (var i = first + lane; i < end; i += WORKGROUP) {
    let at = row * params.vocab + i;
    result[at] = a[at] + stats[row].x * (b[at] - c[at]);
  }
}
