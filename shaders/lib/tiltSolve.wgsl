// The alphas whose tilt moves the large model as far as the experts moved from the small one (METHODS 4.2 to
// 4.4), from the sums of lib/tiltSums.wgsl. Between two points of the grid the tilt is known from its
// derivatives there, so nothing is read for it. Twin of src/kernels/fusion.ts.

var<workgroup> bests: array<vec2<u32>, 64>;

/// Of a distribution: log of its sum, and mean, variance and third central moment of the shift.
struct Tilted {
  log: f32,
  mean: f32,
  variance: f32,
  skew: f32,
}

/// The row's sums are where those of its first tile were, from the row's largest logits.
fn tiltedAt(row: u32, slot: u32) -> Tilted {
  let untilted = slot < params.experts && startsUntilted();
  let sums = load(addressOf(row, 0u, select(slot, 3u * params.experts + slot * params.count, untilted)));
  let m = sums.moments.yzw / sums.moments.x;
  let skew = m.z - 3.0 * m.x * m.y + 2.0 * m.x * m.x * m.x;
  return Tilted(sums.high + log(sums.moments.x), m.x, max(0.0, m.y - m.x * m.x), skew);
}

/// Squares of what is missing between how far the large model moved (x) and how far an expert did.
fn misses(row: u32, x: vec2<f32>) -> f32 {
  var sum = 0.0;
  for (var t = 0u; t < params.experts; t++) {
    let miss = x - wantedOf(row, t);
    sum += dot(miss, miss);
  }
  return sum;
}

/// KL(expert || small), KL(small || expert).
fn wantedOf(row: u32, expert: u32) -> vec2<f32> {
  let before = tiltedAt(row, params.experts + expert);
  let after = tiltedAt(row, 2u * params.experts + expert);
  let gain = after.log - before.log;
  return max(vec2<f32>(after.mean - gain, gain - before.mean), vec2<f32>(0.0));
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
  // `along` is the whole shift in a joint search, and one expert's D otherwise.
  let reach = select(alphas.x + alphas.y + alphas.z, 1.0, params.search == JOINT);
  return vec2<f32>(reach * after.mean - gain, gain - before);
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
  alpha: f32,
  moved: vec2<f32>,
}

/// Halves the cell beside the grid's best point in which the loss falls.
fn refined(row: u32, best: u32) -> Found {
  let expert = best / params.count;
  let k = best % params.count;
  let before = tiltedAt(row, expert);
  let firstSlot = 3u * params.experts + expert * params.count;
  let here = tiltedAt(row, firstSlot + k);
  let alpha = params.low + f32(k) * params.step;
  let rising = slope(row, alpha, before, vec3<f32>(here.log, here.mean, here.variance)) > 0.0;
  let leftPoint = select(k, max(k, 1u) - 1u, rising);
  let rightPoint = select(min(k + 1u, params.count - 1u), k, rising);
  if (leftPoint == rightPoint) {
    return Found(alpha, movedTo(row, best));
  }
  let left = tiltedAt(row, firstSlot + leftPoint);
  let right = tiltedAt(row, firstSlot + rightPoint);
  let origin = params.low + f32(leftPoint) * params.step;
  var low = 0.0;
  var high = 1.0;
  for (var i = 0u; i < HALVINGS; i++) {
    let s = 0.5 * (low + high);
    let uphill = slope(row, origin + s * params.step, before, between(left, right, s)) > 0.0;
    low = select(s, low, uphill);
    high = select(high, s, uphill);
  }
  let s = 0.5 * (low + high);
  let a = origin + s * params.step;
  let there = between(left, right, s);
  let gain = there.x - before.log;
  let moved = vec2<f32>(a * there.y - gain, gain - a * before.mean);
  if (misses(row, moved) < misses(row, movedTo(row, best))) {
    return Found(a, moved);
  }
  return Found(alpha, movedTo(row, best));
}

/// Half the derivative of the loss; `tilt` is A and its derivatives at alpha.
fn slope(row: u32, alpha: f32, before: Tilted, tilt: vec3<f32>) -> f32 {
  let gain = tilt.x - before.log;
  let moved = vec2<f32>(alpha * tilt.y - gain, gain - alpha * before.mean);
  let change = vec2<f32>(alpha * tilt.z, tilt.y - before.mean);
  var sum = 0.0;
  for (var t = 0u; t < params.experts; t++) {
    sum += dot(moved - wantedOf(row, t), change);
  }
  return sum;
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
  let slots = slotCount();
  var top = vec2<f32>(NOTHING);
  var bad = false;
  for (var tile = 0u; tile < tilesPerRow(); tile++) {
    let about = load(addressOf(row, tile, slots));
    top = max(top, vec2<f32>(about.high, about.moments.x));
    bad = bad || about.moments.y > 0.0;
  }
  for (var slot = lane; slot < slots; slot += LANES) {
    var whole = Sums(NOTHING, vec4<f32>(0.0));
    for (var tile = 0u; tile < tilesPerRow(); tile++) {
      let about = load(addressOf(row, tile, slots));
      var part = load(addressOf(row, tile, slot));
      part.high += select(about.high - top.x, about.moments.x - top.y, slotOf(slot).ofSmall);
      whole = joined(whole, part);
    }
    store(addressOf(row, 0u, slot), whole);
  }
  storageBarrier();
  workgroupBarrier();

  // Losses are not negative, so their bits are ordered as they are.
  var mine = vec2<u32>(0xffffffffu);
  for (var point = lane; point < pointCount(); point += LANES) {
    let loss = bitcast<u32>(misses(row, movedTo(row, point)));
    if (loss < mine.x) {
      mine = vec2<u32>(loss, point);
    }
  }
  bests[lane] = mine;
  workgroupBarrier();
  if (lane > 0u) {
    return;
  }
  for (var other = 1u; other < LANES; other++) {
    let theirs = bests[other];
    if (theirs.x < mine.x || (theirs.x == mine.x && theirs.y < mine.y)) {
      mine = theirs;
    }
  }

  var farthest = 0.0;
  for (var t = 0u; t < params.experts; t++) {
    let wanted = wantedOf(row, t);
    farthest = max(farthest, max(wanted.x, wanted.y));
    numbers[row * NUMBERS + 6u + 2u * t] = wanted.x;
    numbers[row * NUMBERS + 7u + 2u * t] = wanted.y;
  }
  for (var t = params.experts; t < 3u; t++) {
    numbers[row * NUMBERS + 6u + 2u * t] = 0.0;
    numbers[row * NUMBERS + 7u + 2u * t] = 0.0;
  }
  let best = select(mine.y, 0u, farthest < NO_SHIFT);
  var alphas = alphasOf(best);
  var moved = movedTo(row, best);
  if (params.search == REFINED && farthest >= NO_SHIFT) {
    let found = refined(row, best);
    alphas = found.alpha * unit(best / params.count);
    moved = found.moved;
  }
  numbers[row * NUMBERS] = alphas.x;
  numbers[row * NUMBERS + 1u] = alphas.y;
  numbers[row * NUMBERS + 2u] = alphas.z;
  numbers[row * NUMBERS + 3u] = select(misses(row, moved), -1.0, bad);
  numbers[row * NUMBERS + 4u] = moved.x;
  numbers[row * NUMBERS + 5u] = moved.y;
}
