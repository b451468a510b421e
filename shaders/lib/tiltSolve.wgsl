// The alphas whose tilt moves the large model as far as the experts moved from the small one (METHODS 4.2 to
// 4.4), from the sums of lib/tiltSums.wgsl. Between two points of the grid the tilt is known from its
// derivatives there, so nothing is read for it. Twin of src/kernels/fusion.ts.

var<workgroup> bests: array<vec2<u32>, 3u * LANES>;
/// By search: a refined one is made along each expert.
var<workgroup> founds: array<Found, 3>;
var<workgroup> badInRow: atomic<u32>;

/// Of a distribution: log of its sum, and mean, variance and third central moment of the shift.
struct Tilted {
  log: f32,
  mean: f32,
  variance: f32,
  skew: f32,
  /// In a joint search, the mean of what the other experts add.
  others: f32,
}

/// The row's sums are where those of its first tile were, from the row's largest logits.
fn tiltedAt(row: u32, slot: u32) -> Tilted {
  let untilted = slot < params.experts && startsUntilted();
  let sums = load(row, select(slot, 3u * params.experts + slot * params.count, untilted), 0u);
  let m = sums.moments.yzw / sums.moments.x;
  let skew = m.z - 3.0 * m.x * m.y + 2.0 * m.x * m.x * m.x;
  return Tilted(sums.high + log(sums.moments.x), m.x, max(0.0, m.y - m.x * m.x), skew, m.y);
}

/// KL(expert || small), KL(small || expert).
fn wantedOf(row: u32, expert: u32) -> vec2<f32> {
  let before = tiltedAt(row, params.experts + expert);
  let after = tiltedAt(row, 2u * params.experts + expert);
  let gain = after.log - before.log;
  return max(vec2<f32>(after.mean - gain, gain - before.mean), vec2<f32>(0.0));
}

/// What all experts want: a loss is their number times the squared distance from the mean of it, and what they differ by,
/// whatever alpha is.
struct Wish {
  mean: vec2<f32>,
  differences: f32,
}

fn wishOf(row: u32) -> Wish {
  var mean = vec2<f32>(0.0);
  for (var t = 0u; t < params.experts; t++) {
    mean += wantedOf(row, t) / f32(params.experts);
  }
  var differences = 0.0;
  for (var t = 0u; t < params.experts; t++) {
    let miss = wantedOf(row, t) - mean;
    differences += dot(miss, miss);
  }
  return Wish(mean, differences);
}

/// Squared distance between how far the large model moved and what is wanted.
fn missOf(wish: Wish, moved: vec2<f32>) -> f32 {
  return dot(moved - wish.mean, moved - wish.mean);
}

/// KL(fused || large), KL(large || fused) at a point of the grid.
fn movedTo(row: u32, point: u32) -> vec2<f32> {
  let alphas = alphasOf(point);
  let after = tiltedAt(row, 3u * params.experts + point);
  let gain = after.log - tiltedAt(row, 0u).log;
  var before = 0.0;
  for (var t = 0u; t < params.experts; t++) {
    before += alphas[t] * tiltedAt(row, t).mean;
  }
  if (params.search == JOINT) {
    return vec2<f32>(alphas[params.experts - 1u] * after.mean + after.others - gain, gain - before);
  }
  return vec2<f32>((alphas.x + alphas.y + alphas.z) * after.mean - gain, gain - before);
}

/// A(alpha) = log E[e^(alpha D)] and its first two derivatives between two points of the grid, at a share s of
/// the cell. A' is the polynomial of degree 5 that has the value and two derivatives of A' at both ends, and A
/// its integral from the left one: differences of A itself would be lost in rounding.
fn between(left: Tilted, right: Tilted, s: f32) -> vec3<f32> {
  let h = params.step;
  let c0 = left.mean;
  let c1 = h * left.variance;
  let c2 = 0.5 * h * h * left.skew;
  let rise = right.mean - c0 - c1 - c2;
  let slope = h * right.variance - c1 - 2.0 * c2;
  let bend = h * h * right.skew - 2.0 * c2;
  let c3 = 10.0 * rise - 4.0 * slope + 0.5 * bend;
  let c4 = -15.0 * rise + 7.0 * slope - bend;
  let c5 = 6.0 * rise - 3.0 * slope + 0.5 * bend;
  let first = c0 + s * (c1 + s * (c2 + s * (c3 + s * (c4 + s * c5))));
  let second = c1 + s * (2.0 * c2 + s * (3.0 * c3 + s * (4.0 * c4 + s * 5.0 * c5)));
  let area = s * (c0 + s * (c1 / 2.0 + s * (c2 / 3.0 + s * (c3 / 4.0 + s * (c4 / 5.0 + s * c5 / 6.0)))));
  return vec3<f32>(left.log + h * area, first, second / h);
}

struct Found {
  alphas: vec3<f32>,
  moved: vec2<f32>,
}

/// Halves the cell beside the grid's best point in which the loss falls.
fn refined(row: u32, best: u32, wish: Wish) -> Found {
  let expert = best / params.count;
  let k = best % params.count;
  let before = tiltedAt(row, expert);
  let firstSlot = 3u * params.experts + expert * params.count;
  let here = tiltedAt(row, firstSlot + k);
  let alpha = params.low + f32(k) * params.step;
  let rising = slope(wish, alpha, before, vec3<f32>(here.log, here.mean, here.variance)) > 0.0;
  let leftPoint = select(k, max(k, 1u) - 1u, rising);
  let rightPoint = select(min(k + 1u, params.count - 1u), k, rising);
  if (leftPoint == rightPoint) {
    return Found(alphasOf(best), movedTo(row, best));
  }
  let left = tiltedAt(row, firstSlot + leftPoint);
  let right = tiltedAt(row, firstSlot + rightPoint);
  let origin = params.low + f32(leftPoint) * params.step;
  var low = 0.0;
  var high = 1.0;
  for (var i = 0u; i < HALVINGS; i++) {
    let s = 0.5 * (low + high);
    let uphill = slope(wish, origin + s * params.step, before, between(left, right, s)) > 0.0;
    low = select(s, low, uphill);
    high = select(high, s, uphill);
  }
  let s = 0.5 * (low + high);
  let a = origin + s * params.step;
  let there = between(left, right, s);
  let gain = there.x - before.log;
  let moved = vec2<f32>(a * there.y - gain, gain - a * before.mean);
  if (missOf(wish, moved) < missOf(wish, movedTo(row, best))) {
    return Found(a * unit(expert), moved);
  }
  return Found(alphasOf(best), movedTo(row, best));
}

/// Half the derivative of the squared distance; `tilt` is A and its derivatives at alpha.
fn slope(wish: Wish, alpha: f32, before: Tilted, tilt: vec3<f32>) -> f32 {
  let gain = tilt.x - before.log;
  let moved = vec2<f32>(alpha * tilt.y - gain, gain - alpha * before.mean);
  return dot(moved - wish.mean, vec2<f32>(alpha * tilt.z, tilt.y - before.mean));
}

@compute @workgroup_size(LANES)
fn solve(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroupNumber(group, groups);
  if (row >= params.rows) {
    return;
  }
  for (var tile = lane; tile < tilesPerRow(); tile += LANES) {
    if (partials[addressOf(row, 2u, slotCount(), tile)] > 0.0) {
      atomicStore(&badInRow, 1u);
    }
  }
  // Distances are not negative, so their bits are ordered as they are.
  let wish = wishOf(row);
  let searches = select(1u, params.experts, params.search == REFINED);
  let size = pointCount() / searches;
  for (var t = 0u; t < searches; t++) {
    var mine = vec2<u32>(0xffffffffu);
    for (var point = t * size + lane; point < (t + 1u) * size; point += LANES) {
      let miss = bitcast<u32>(missOf(wish, movedTo(row, point)));
      if (miss < mine.x) {
        mine = vec2<u32>(miss, point);
      }
    }
    bests[t * LANES + lane] = mine;
  }
  workgroupBarrier();
  if (lane < searches) {
    var best = bests[lane * LANES];
    for (var other = 1u; other < LANES; other++) {
      let theirs = bests[lane * LANES + other];
      if (theirs.x < best.x || (theirs.x == best.x && theirs.y < best.y)) {
        best = theirs;
      }
    }
    if (params.search == REFINED) {
      founds[lane] = refined(row, best.y, wish);
    } else {
      founds[lane] = Found(alphasOf(best.y), movedTo(row, best.y));
    }
  }
  workgroupBarrier();
  if (lane > 0u) {
    return;
  }

  var farthest = 0.0;
  for (var t = 0u; t < 3u; t++) {
    var wanted = vec2<f32>(0.0);
    if (t < params.experts) {
      wanted = wantedOf(row, t);
    }
    farthest = max(farthest, max(wanted.x, wanted.y));
    numbers[row * NUMBERS + 6u + 2u * t] = wanted.x;
    numbers[row * NUMBERS + 7u + 2u * t] = wanted.y;
  }
  var found = founds[0];
  for (var t = 1u; t < searches; t++) {
    if (missOf(wish, founds[t].moved) < missOf(wish, found.moved)) {
      found = founds[t];
    }
  }
  if (farthest < NO_SHIFT) {
    found = Found(alphasOf(0u), movedTo(row, 0u));
  }
  let alphas = found.alphas;
  let moved = found.moved;
  let loss = f32(params.experts) * missOf(wish, moved) + wish.differences;
  numbers[row * NUMBERS] = alphas.x;
  numbers[row * NUMBERS + 1u] = alphas.y;
  numbers[row * NUMBERS + 2u] = alphas.z;
  numbers[row * NUMBERS + 3u] = select(loss, -1.0, atomicLoad(&badInRow) > 0u);
  numbers[row * NUMBERS + 4u] = moved.x;
  numbers[row * NUMBERS + 5u] = moved.y;
}
