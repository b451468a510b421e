// What a policy learns from each token that it wrote: ratio, loss, KL, clip, entropy, and the gradient of the loss.
// rows x vocab logits (sequence after sequence, `columns` rows each), rows targets, rows x 5 numbers of each token ->
// rows x 6 numbers, rows clips; in place of the logits their gradient. Every logit is read twice and written once.

struct Params {
  rows: u32,
  vocab: u32,
  base: u32,
  pitch: u32,
  /// Rows of a sequence.
  columns: u32,
  /// 0 clipped, 1 capped, 2 gated.
  surrogate: u32,
  /// HAS_OLD + SEQUENCE + UNBIASED + K3
  flags: u32,
  low: f32,
  high: f32,
  delta: f32,
  beta: f32,
  distil: f32,
  inverseTemperature: f32,
}

const HAS_OLD: u32 = 1u;
/// One ratio for all tokens of a sequence.
const SEQUENCE: u32 = 2u;
/// The KL term is weighted by the ratio.
const UNBIASED: u32 = 4u;
/// The distance to the teacher is k3, else k2.
const K3: u32 = 8u;

const CLIPPED_LOW: u32 = 1u;
const CLIPPED_HIGH: u32 = 2u;
const CLIPPED_DELTA: u32 = 4u;
/// Log-ratios are held within this, so that no exponential overflows.
const LARGEST_LOG_RATIO: f32 = 20.0;

/// Per token: scale, advantage, old, reference, teacher.
const GIVEN: u32 = 5u;
/// Per token: logProb, entropy, loss, ratio, kl, g.
const TERMS: u32 = 6u;

@group(0) @binding(0) var<storage, read> targets: array<u32>; // rows; not below vocab: ignored
@group(0) @binding(1) var<storage, read> given: array<f32>; // rows x GIVEN
@group(0) @binding(2) var<storage, read_write> logits: array<u32>; // floats, judged by their bits
@group(0) @binding(3) var<storage, read_write> terms: array<f32>; // rows x TERMS
@group(0) @binding(4) var<storage, read_write> clips: array<u32>; // rows
@group(0) @binding(5) var<storage, read_write> chunkStats: array<vec4<u32>>; // rows x chunks
@group(0) @binding(6) var<uniform> params: Params;

fn has(flag: u32) -> bool {
  return (params.flags & flag) != 0u;
}

fn rowCoolness() -> f32 {
  return params.inverseTemperature;
}

// 1. `readRows` of lib/targets.wgsl.
// 2. A few lanes merge each row's chunks: its log-probability and entropy, and what it is as a whole.
@compute @workgroup_size(MERGERS)
fn combine(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  coolness = params.inverseTemperature;
  let row = workgroupNumber(group, groups) * ROWS_MERGED + local / ROW_LANES;
  let whole = wholeRow(row, local);
  if (local % ROW_LANES == 0u && row < params.rows) {
    let none = ignored(row);
    let bad = !none && whole.key == BAD_KEY;
    let wanted = min(targets[row], params.vocab - 1u);
    let x = keyValue(sortKey(logits[params.base + row * params.pitch + wanted]));
    let logSum = log(max(whole.sum, 1.0));
    let far = max(x - keyValue(whole.key), keyValue(NEVER_KEY)) * coolness;
    let logProb = max(far - logSum, keyValue(NEVER_KEY));
    let entropy = logSum - whole.dot / max(whole.sum, 1.0);
    terms[row * TERMS] = select(logProb, 0.0, none || bad);
    terms[row * TERMS + 1u] = select(select(entropy, -1.0, bad), 0.0, none);
    if (!none) {
      chunkStats[row * chunksPerRow()] = packed(whole);
    }
  }
}

/// Sums over the lanes of a sequence's workgroup, in a fixed order.
const LANES: u32 = 64u;
var<workgroup> sums: array<vec2<f32>, LANES>;

fn foldSums(lane: u32, mine: vec2<f32>) -> vec2<f32> {
  workgroupBarrier();
  sums[lane] = mine;
  workgroupBarrier();
  var all = vec2<f32>(0.0);
  for (var other = 0u; other < LANES; other++) {
    all += sums[other];
  }
  return all;
}

fn held(x: f32) -> f32 {
  return clamp(x, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO);
}

/// e^d - 1 without cancellation.
fn expm1(d: f32) -> f32 {
  let series = d * (1.0 + d * (0.5 + d * (1.0 / 6.0 + d / 24.0)));
  return select(exp(d) - 1.0, series, abs(d) < 0.05);
}

/// e^d - d - 1 without cancellation.
fn k3(d: f32) -> f32 {
  let series = d * d * (0.5 + d * (1.0 / 6.0 + d * (1.0 / 24.0 + d / 120.0)));
  return select(exp(d) - 1.0 - d, series, abs(d) < 0.05);
}

struct Surrogate {
  loss: f32,
  /// Derivatives by log rho, and by log p with rho held.
  slope: f32,
  direct: f32,
  clip: u32,
}

fn surrogateOf(rho: f32, advantage: f32, logProb: f32) -> Surrogate {
  let tooHigh = select(0u, CLIPPED_HIGH, rho > params.high && advantage > 0.0);
  if (params.surrogate == 1u) {
    let weight = -min(rho, params.high) * advantage;
    return Surrogate(weight * logProb, 0.0, weight, tooHigh);
  }
  if (params.surrogate == 2u) {
    let tau = select(1.05, 1.0, advantage > 0.0);
    let gate = 1.0 / (1.0 + exp(-tau * (rho - 1.0)));
    return Surrogate(-4.0 / tau * gate * advantage, -4.0 * gate * (1.0 - gate) * rho * advantage, 0.0, 0u);
  }
  let plain = min(rho, params.delta) * advantage;
  let clipped = clamp(rho, params.low, params.high) * advantage;
  let inside = rho >= params.low && rho <= params.high;
  let free = select(inside, rho <= params.delta, plain <= clipped);
  let tooLow = select(0u, CLIPPED_LOW, rho < params.low && advantage < 0.0);
  let tooFar = select(0u, CLIPPED_DELTA, !free && rho > params.delta && advantage < 0.0);
  let slope = select(0.0, -rho * advantage, free);
  return Surrogate(-min(plain, clipped), slope, 0.0, tooLow + tooHigh + tooFar);
}

// 3. One workgroup for each sequence: what each token's log-probability is worth.
@compute @workgroup_size(LANES)
fn weigh(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let sequence = workgroupNumber(group, groups);
  let first = sequence * params.columns;
  let last = min(first + params.columns, params.rows);
  // Log-ratios of the tokens that count, and how many there are.
  var mine = vec2<f32>(0.0);
  for (var row = first + lane; row < last; row += LANES) {
    if (counts(row)) {
      mine += vec2<f32>(logRatio(row), 1.0);
    }
  }
  let all = foldSums(lane, mine);
  let shared_ = all.x / max(all.y, 1.0);
  // What the losses' derivatives by the one log-ratio of a sequence add up to.
  var pooled = vec2<f32>(0.0);
  for (var row = first + lane; row < last; row += LANES) {
    var loss = 0.0;
    var ratio = 0.0;
    var kl = 0.0;
    var g = 0.0;
    var clip = 0u;
    if (counts(row)) {
      let scale = given[row * GIVEN];
      let logProb = terms[row * TERMS];
      ratio = exp(held(select(logRatio(row), shared_, has(SEQUENCE))));
      let found = surrogateOf(ratio, given[row * GIVEN + 1u], logProb);
      loss = found.loss;
      clip = found.clip;
      var slope = found.slope;
      var direct = found.direct;
      if (params.beta != 0.0) {
        let d = held(given[row * GIVEN + 3u] - logProb);
        let weight = params.beta * select(1.0, ratio, has(UNBIASED));
        kl = k3(d);
        loss += weight * kl;
        direct -= weight * expm1(d);
        slope += select(0.0, weight * kl, has(UNBIASED));
      }
      if (params.distil != 0.0) {
        let d = held(given[row * GIVEN + 4u] - logProb);
        loss += params.distil * select(0.5 * d * d, k3(d), has(K3));
        direct -= params.distil * select(d, expm1(d), has(K3));
      }
      g = scale * select(direct + slope, direct, has(SEQUENCE));
      pooled.x += scale * slope;
    }
    terms[row * TERMS + 2u] = loss;
    terms[row * TERMS + 3u] = ratio;
    terms[row * TERMS + 4u] = kl;
    terms[row * TERMS + 5u] = g;
    clips[row] = clip;
  }
  let slopes = foldSums(lane, pooled);
  if (has(SEQUENCE)) {
    for (var row = first + lane; row < last; row += LANES) {
      if (counts(row)) {
        terms[row * TERMS + 5u] += slopes.x / all.y;
      }
    }
  }
}

/// Does the policy answer for this token?
fn counts(row: u32) -> bool {
  return !ignored(row) && given[row * GIVEN] != 0.0 && terms[row * TERMS + 1u] >= -0.5;
}

fn logRatio(row: u32) -> f32 {
  let logProb = terms[row * TERMS];
  return logProb - select(logProb, given[row * GIVEN + 2u], has(HAS_OLD));
}

// 4. Every logit becomes its gradient: g (onehot - p) / temperature, and 0 in rows that do not count.
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
  let g = terms[row * TERMS + 5u] * params.inverseTemperature;
  writeChunk(index, lane, g, ignored(row) || g == 0.0);
}
