// What a search for the best tilt needs of a row of several models' logits, in one reading: for every point of
// its grid the sum over the vocabulary of e^x, x the tilted logit, and that of e^x times the shift, and, where the
// search goes on between points, its square and its cube. A workgroup holds a tile of all models in its own memory;
// each lane sums its columns of it for up to 24 points at a time. Along a grid x grows evenly, so of 24 e^x two are
// exponentials and the others products of them.
// The file that follows declares what shaders/fuseLogits.wgsl does.

/// Sums of e^(x - high) times 1, the shift, its square and its cube.
struct Sums {
  high: f32,
  moments: vec4<f32>,
}
const WORDS: u32 = 5u;

/// x, y, z: shifts; w: the large model's logit, from the tile's largest.
var<workgroup> held: array<vec4<f32>, TILE>;
var<workgroup> heldSmall: array<f32, TILE>;
var<workgroup> folded: array<vec4<f32>, 256>; // half of the lanes x 8
var<workgroup> foldedTwice: array<vec4<f32>, 64>; // a part of the lanes x 8
var<workgroup> totals: array<vec4<f32>, 8>;
var<workgroup> anchor: vec4<f32>;
/// Keys of the tile's largest logits, large and small, and of the largest exponents at both ends of a block and of the
/// one after it.
var<workgroup> tops: array<atomic<u32>, 6>;
/// Blocks that were summed.
var<private> blocks: u32 = 0u;
/// Keys of the largest shift of each expert, and of the largest of what is below 0.
var<workgroup> reach: array<atomic<u32>, 6>;
/// Points that are summed together, for each expert.
var<workgroup> spans: vec3<u32>;
/// Keys of the largest exponents of each expert: of itself over the small model, at the grid's first point, at its last.
var<workgroup> ends: array<atomic<u32>, 9>;
var<workgroup> badInTile: atomic<u32>;

fn tilesPerRow() -> u32 {
  return (params.vocab + TILE - 1u) / TILE;
}

fn pointCount() -> u32 {
  if (params.search == JOINT) {
    var points = params.count;
    for (var t = 1u; t < params.experts; t++) {
      points *= params.count;
    }
    return points;
  }
  return params.count * params.experts;
}

/// Is the first point along each expert the large model itself? Then it is not summed twice.
fn startsUntilted() -> bool {
  return params.low == 0.0 && params.search != JOINT;
}

/// For each expert the large model, the small one and the expert itself; then the points of the grid.
fn slotCount() -> u32 {
  return 3u * params.experts + pointCount();
}

/// One of the distributions whose sums are taken: e^(base + at . shift), and along . shift under it.
struct Slot {
  ofSmall: bool,
  at: vec3<f32>,
  along: vec3<f32>,
}

fn unit(expert: u32) -> vec3<f32> {
  return select(vec3<f32>(0.0), vec3<f32>(1.0), vec3<u32>(0u, 1u, 2u) == vec3<u32>(expert));
}

fn alphasOf(point: u32) -> vec3<f32> {
  if (params.search != JOINT) {
    return (params.low + f32(point % params.count) * params.step) * unit(point / params.count);
  }
  // The last expert's alpha runs fastest.
  var rest = point;
  var alphas = vec3<f32>(0.0);
  for (var t = params.experts; t > 0u; t--) {
    alphas += (params.low + f32(rest % params.count) * params.step) * unit(t - 1u);
    rest /= params.count;
  }
  return alphas;
}

fn slotOf(slot: u32) -> Slot {
  let kind = slot / params.experts;
  let expert = unit(slot % params.experts);
  if (kind < 2u) {
    return Slot(kind == 1u, vec3<f32>(0.0), expert);
  }
  if (kind == 2u) {
    return Slot(true, expert, expert);
  }
  let point = slot - 3u * params.experts;
  let alphas = alphasOf(point);
  if (params.search == JOINT) {
    return Slot(false, alphas, alphas);
  }
  return Slot(false, alphas, unit(point / params.count));
}

/// Up to eight distributions whose exponents grow evenly: base + (at + k turn) . shift for k = 0, 1, ...
struct Block {
  ofSmall: bool,
  at: vec3<f32>,
  turn: vec3<f32>,
  /// The moments are those of along . shift, or, where the tilt itself is meant, of (at + k turn) . shift.
  along: vec3<f32>,
  ofTilt: bool,
  count: u32,
  /// Slot of the first, and from one to the next.
  first: u32,
  stride: u32,
}
const BLOCK: u32 = 8u;
const STEPS: vec4<f32> = vec4<f32>(0.0, 1.0, 2.0, 3.0);
/// Exponents of one block change by no more than this: e^x of the first is 0 only where all are next to nothing, and
/// the largest exponent between lies by a quarter of it at most below the line from which they are taken.
const MOST_CHANGE: f32 = 40.0;

fn baseOf(block: Block, i: u32) -> f32 {
  if (block.ofSmall) {
    return heldSmall[i];
  }
  return held[i].w;
}

/// Eight sums of every lane become `totals`, always in the same order: halves, then parts, then the whole.
fn fold(
  lane: u32,
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
  d: vec4<f32>,
  e: vec4<f32>,
  f: vec4<f32>,
  g: vec4<f32>,
  h: vec4<f32>,
) {
  let half = LANES / 2u;
  if (lane >= half) {
    let at = (lane - half) * 8u;
    folded[at] = a;
    folded[at + 1u] = b;
    folded[at + 2u] = c;
    folded[at + 3u] = d;
    folded[at + 4u] = e;
    folded[at + 5u] = f;
    folded[at + 6u] = g;
    folded[at + 7u] = h;
  }
  workgroupBarrier();
  if (lane < half) {
    let at = lane * 8u;
    folded[at] += a;
    folded[at + 1u] += b;
    folded[at + 2u] += c;
    folded[at + 3u] += d;
    folded[at + 4u] += e;
    folded[at + 5u] += f;
    folded[at + 6u] += g;
    folded[at + 7u] += h;
  }
  workgroupBarrier();
  let parts = LANES / 8u;
  var part = vec4<f32>(0.0);
  for (var i = lane / 8u; i < half; i += parts) {
    part += folded[i * 8u + lane % 8u];
  }
  foldedTwice[lane] = part;
  workgroupBarrier();
  if (lane < 8u) {
    var whole = foldedTwice[lane];
    for (var i = lane + 8u; i < LANES; i += 8u) {
      whole += foldedTwice[i];
    }
    totals[lane] = whole;
  }
  workgroupBarrier();
}

/// Points of a line that are summed together, from the middle: so far their e^x are no further from it than half as many
/// steps.
const LINE: u32 = 24u;
const HALF: u32 = LINE / 2u;
/// Exponents of one line change by no more than this: where the middle's e^x is 0, those of its ends are next to nothing
/// beside the largest, which lies by a quarter of it at most below the line from which they are taken.
const MOST_TURN: f32 = 90.0;

fn endOf(which: u32) -> vec3<f32> {
  return vec3<f32>(
    keyValue(atomicLoad(&ends[which])),
    keyValue(atomicLoad(&ends[which + 1u])),
    keyValue(atomicLoad(&ends[which + 2u])),
  );
}

/// All lanes: the small model and every expert, over the tile's columns.
fn sumExperts(top: f32, lane: u32, columns: u32, address: u32) {
  let high = endOf(0u) - top;
  var plain = 0.0;
  var shifted = vec3<f32>(0.0);
  var grown = vec3<f32>(0.0);
  var grownShifted = vec3<f32>(0.0);
  for (var i = lane; i < columns; i += LANES) {
    let shift = held[i].xyz;
    let x = heldSmall[i];
    let e = exp(max(x, -200.0));
    let y = max(x + shift - high, vec3<f32>(-200.0));
    var f = vec3<f32>(0.0);
    if (params.experts == 1u) {
      f.x = exp(y.x);
    } else {
      f = exp(y);
    }
    plain += e;
    shifted += e * shift;
    grown += f;
    grownShifted += f * shift;
  }
  let none = vec4<f32>(0.0);
  fold(
    lane,
    vec4<f32>(shifted, plain),
    vec4<f32>(grown, 0.0),
    vec4<f32>(grownShifted, 0.0),
    none,
    none,
    none,
    none,
    none,
  );
  if (lane < params.experts) {
    let small = address + (params.experts + lane) * WORDS;
    store(small, Sums(0.0, vec4<f32>(totals[0].w, totals[0][lane], 0.0, 0.0)));
    let own = address + (2u * params.experts + lane) * WORDS;
    store(own, Sums(high[lane], vec4<f32>(totals[1][lane], totals[2][lane], 0.0, 0.0)));
  }
}

/// All lanes: up to 24 points of an expert's grid, over the tile's columns.
fn sumLine(expert: u32, begin: u32, top: f32, lane: u32, columns: u32, address: u32) {
  let own = unit(expert);
  let low = dot(endOf(3u), own) - top;
  let rise = (dot(endOf(6u), own) - top - low) / max(f32(params.count) - 1.0, 1.0);
  let middle = f32(begin + HALF);
  let at = params.low + middle * params.step;
  let high = low + middle * rise;
  // Squares and cubes are for what lies between points.
  let between = params.search != GRID;

  // Points from the middle on, and those before it; the shift's moments.
  var up0 = vec4<f32>(0.0);
  var up1 = vec4<f32>(0.0);
  var up2 = vec4<f32>(0.0);
  var down0 = vec4<f32>(0.0);
  var down1 = vec4<f32>(0.0);
  var down2 = vec4<f32>(0.0);
  var upShift0 = vec4<f32>(0.0);
  var upShift1 = vec4<f32>(0.0);
  var upShift2 = vec4<f32>(0.0);
  var downShift0 = vec4<f32>(0.0);
  var downShift1 = vec4<f32>(0.0);
  var downShift2 = vec4<f32>(0.0);
  var upSquare0 = vec4<f32>(0.0);
  var upSquare1 = vec4<f32>(0.0);
  var upSquare2 = vec4<f32>(0.0);
  var downSquare0 = vec4<f32>(0.0);
  var downSquare1 = vec4<f32>(0.0);
  var downSquare2 = vec4<f32>(0.0);
  var upCube0 = vec4<f32>(0.0);
  var upCube1 = vec4<f32>(0.0);
  var upCube2 = vec4<f32>(0.0);
  var downCube0 = vec4<f32>(0.0);
  var downCube1 = vec4<f32>(0.0);
  var downCube2 = vec4<f32>(0.0);
  for (var i = lane; i < columns; i += LANES) {
    let column = held[i];
    let d = dot(own, column.xyz);
    let turn = clamp(params.step * d - rise, -4.0, 4.0);
    let e = exp(clamp(column.w + at * d - high, -200.0, 80.0));
    let r = exp(turn);
    let q = 1.0 / r;
    let r2 = r * r;
    let q2 = q * q;
    let r4 = r2 * r2;
    let q4 = q2 * q2;
    let u0 = e * vec4<f32>(1.0, r, r2, r2 * r);
    let u1 = u0 * r4;
    let u2 = u1 * r4;
    let v0 = e * vec4<f32>(q4, q2 * q, q2, q);
    let v1 = v0 * q4;
    let v2 = v1 * q4;
    up0 += u0;
    up1 += u1;
    up2 += u2;
    down0 += v0;
    down1 += v1;
    down2 += v2;
    upShift0 += u0 * d;
    upShift1 += u1 * d;
    upShift2 += u2 * d;
    downShift0 += v0 * d;
    downShift1 += v1 * d;
    downShift2 += v2 * d;
    if (between) {
      let d2 = d * d;
      let d3 = d2 * d;
      upSquare0 += u0 * d2;
      upSquare1 += u1 * d2;
      upSquare2 += u2 * d2;
      downSquare0 += v0 * d2;
      downSquare1 += v1 * d2;
      downSquare2 += v2 * d2;
      upCube0 += u0 * d3;
      upCube1 += u1 * d3;
      upCube2 += u2 * d3;
      downCube0 += v0 * d3;
      downCube1 += v1 * d3;
      downCube2 += v2 * d3;
    }
  }

  // Eight points from begin on, then the next.
  for (var eight = 0u; eight < 3u; eight++) {
    if (eight == 0u) {
      fold(lane, down2, downShift2, downSquare2, downCube2, down1, downShift1, downSquare1, downCube1);
    } else if (eight == 1u) {
      fold(lane, down0, downShift0, downSquare0, downCube0, up0, upShift0, upSquare0, upCube0);
    } else {
      fold(lane, up1, upShift1, upSquare1, upCube1, up2, upShift2, upSquare2, upCube2);
    }
    let point = begin + 8u * eight + lane;
    if (lane < 8u && point < params.count) {
      storePoint(3u * params.experts + expert * params.count + point, low + f32(point) * rise, lane, address);
    }
  }
}

/// What `fold` has left of one of eight distributions.
fn storePoint(slot: u32, high: f32, lane: u32, address: u32) {
  let k = lane % 4u;
  let group = lane / 4u * 4u;
  let moments = vec4<f32>(
    totals[group][k],
    totals[group + 1u][k],
    totals[group + 2u][k],
    totals[group + 3u][k],
  );
  store(address + slot * WORDS, Sums(high, moments));
}

/// All lanes: sums a block over the tile's columns and stores what came of it.
fn sumBlock(block: Block, lane: u32, columns: u32, address: u32) {
  let last = f32(max(block.count, 1u) - 1u);
  var ends = vec2<f32>(NOTHING);
  for (var i = lane; i < columns; i += LANES) {
    let x = baseOf(block, i) + dot(block.at, held[i].xyz);
    ends = max(ends, vec2<f32>(x, x + last * dot(block.turn, held[i].xyz)));
  }
  let own = 2u + 2u * (blocks % 2u);
  blocks++;
  atomicMax(&tops[own], sortKey(bitcast<u32>(ends.x)));
  atomicMax(&tops[own + 1u], sortKey(bitcast<u32>(ends.y)));
  workgroupBarrier();
  // What the exponents are taken from: a line that no exponent is above, for a largest one is convex in alpha.
  let high = keyValue(atomicLoad(&tops[own]));
  let rise = (keyValue(atomicLoad(&tops[own + 1u])) - high) / max(last, 1.0);
  if (lane == 0u) {
    let next = 6u - own;
    atomicStore(&tops[next], 0u);
    atomicStore(&tops[next + 1u], 0u);
  }

  var sum0 = vec4<f32>(0.0);
  var sum1 = vec4<f32>(0.0);
  var sum2 = vec4<f32>(0.0);
  var sum3 = vec4<f32>(0.0);
  var more0 = vec4<f32>(0.0);
  var more1 = vec4<f32>(0.0);
  var more2 = vec4<f32>(0.0);
  var more3 = vec4<f32>(0.0);
  for (var i = lane; i < columns; i += LANES) {
    let shift = held[i].xyz;
    let turn = dot(block.turn, shift);
    let tilt = dot(block.at, shift);
    let x = baseOf(block, i) + tilt - high;
    let step = select(turn - rise, 0.0, block.count == 1u);
    let r = exp(clamp(step, -MOST_CHANGE, MOST_CHANGE));
    // No more than this in a block of more than two.
    let r2 = min(r * r, 2e5);
    let e = exp(max(x, -200.0)) * vec4<f32>(1.0, r, r2, r2 * r);
    let f = e * (r2 * r2);
    var d = vec4<f32>(dot(block.along, shift));
    var g = d;
    if (block.ofTilt) {
      d = tilt + turn * STEPS;
      g = d + 4.0 * turn;
    }
    let ed = e * d;
    let fg = f * g;
    sum0 += e;
    sum1 += ed;
    sum2 += ed * d;
    sum3 += ed * d * d;
    more0 += f;
    more1 += fg;
    more2 += fg * g;
    more3 += fg * g * g;
  }

  fold(lane, sum0, sum1, sum2, sum3, more0, more1, more2, more3);
  if (lane < block.count) {
    storePoint(block.first + lane * block.stride, high + f32(lane) * rise, lane, address);
  }
}

fn joined(a: Sums, b: Sums) -> Sums {
  let high = max(a.high, b.high);
  let left = exp(max(a.high - high, -200.0));
  let right = exp(max(b.high - high, -200.0));
  return Sums(high, a.moments * left + b.moments * right);
}

/// Slot number slotCount() holds the tile's largest logits and whether it is bad.
fn addressOf(row: u32, tile: u32, slot: u32) -> u32 {
  return ((row * tilesPerRow() + tile) * (slotCount() + 1u) + slot) * WORDS;
}

fn store(at: u32, sums: Sums) {
  partials[at] = sums.high;
  for (var i = 0u; i < 4u; i++) {
    partials[at + 1u + i] = sums.moments[i];
  }
}

fn load(at: u32) -> Sums {
  let moments = vec4<f32>(partials[at + 1u], partials[at + 2u], partials[at + 3u], partials[at + 4u]);
  return Sums(partials[at], moments);
}

@compute @workgroup_size(LANES)
fn sums(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroupNumber(group, groups);
  if (index >= params.rows * tilesPerRow()) {
    return;
  }
  let row = index / tilesPerRow();
  let first = index % tilesPerRow() * TILE;
  let columns = min(TILE, params.vocab - first);

  // Models may differ by a constant that means nothing: what the first tokens have in common is taken off.
  let sampled = min(LANES, params.vocab);
  if (lane < sampled) {
    held[lane] = vec4<f32>(levelsAt(row, lane).shift, 0.0);
  }
  workgroupBarrier();
  if (lane == 0u) {
    var sum = vec4<f32>(0.0);
    for (var i = 0u; i < sampled; i++) {
      sum += held[i];
    }
    anchor = sum / f32(sampled);
  }
  workgroupBarrier();

  var largest = vec2<f32>(NOTHING);
  var farthest = vec3<f32>(NOTHING);
  var nearest = vec3<f32>(NOTHING);
  var ofExperts = vec3<f32>(NOTHING);
  var atFirst = vec3<f32>(NOTHING);
  var atLast = vec3<f32>(NOTHING);
  let lastAlpha = params.low + f32(params.count - 1u) * params.step;
  for (var i = lane; i < columns; i += LANES) {
    let levels = levelsAt(row, first + i);
    let shift = select(levels.shift - anchor.xyz, vec3<f32>(0.0), levels.never);
    held[i] = vec4<f32>(shift, levels.large);
    heldSmall[i] = levels.small;
    largest = max(largest, vec2<f32>(levels.large, levels.small));
    farthest = max(farthest, shift);
    nearest = max(nearest, -shift);
    ofExperts = max(ofExperts, levels.small + shift);
    atFirst = max(atFirst, levels.large + params.low * shift);
    atLast = max(atLast, levels.large + lastAlpha * shift);
    if (levels.bad) {
      atomicStore(&badInTile, 1u);
    }
  }
  atomicMax(&tops[0], sortKey(bitcast<u32>(largest.x)));
  atomicMax(&tops[1], sortKey(bitcast<u32>(largest.y)));
  for (var t = 0u; t < 3u; t++) {
    atomicMax(&reach[t], sortKey(bitcast<u32>(farthest[t])));
    atomicMax(&reach[t + 3u], sortKey(bitcast<u32>(nearest[t])));
    atomicMax(&ends[t], sortKey(bitcast<u32>(ofExperts[t])));
    atomicMax(&ends[t + 3u], sortKey(bitcast<u32>(atFirst[t])));
    atomicMax(&ends[t + 6u], sortKey(bitcast<u32>(atLast[t])));
  }
  workgroupBarrier();
  // From the largest, what counts is near 0, where floats are finest.
  let top = vec2<f32>(keyValue(atomicLoad(&tops[0])), keyValue(atomicLoad(&tops[1])));
  for (var i = lane; i < columns; i += LANES) {
    held[i].w -= top.x;
    heldSmall[i] -= top.y;
  }
  if (lane == 0u) {
    for (var t = 0u; t < 3u; t++) {
      let width = keyValue(atomicLoad(&reach[t])) + keyValue(atomicLoad(&reach[t + 3u]));
      // Where shifts lie too far apart for that, each point is summed by itself.
      let turn = params.step * width;
      let whole = f32(max(params.count, LINE) - 1u) * turn < MOST_TURN && params.search != JOINT;
      spans[t] = select(select(1u, BLOCK, f32(BLOCK - 1u) * turn < MOST_CHANGE), LINE, whole);
    }
  }
  let together = workgroupUniformLoad(&spans);

  let slots = slotCount();
  let tile = index % tilesPerRow();
  let address = addressOf(row, tile, 0u);
  let zero = vec3<f32>(0.0);
  if (!startsUntilted()) {
    for (var t = 0u; t < params.experts; t++) {
      sumBlock(Block(false, zero, zero, unit(t), false, 1u, t, 1u), lane, columns, address);
    }
  }
  sumExperts(top.y, lane, columns, address);
  // Points along an expert, those of a joint search for every combination of the others' alphas.
  let joint = params.search == JOINT;
  let lines = pointCount() / params.count;
  for (var line = 0u; line < lines; line++) {
    let expert = select(line, params.experts - 1u, joint);
    let span = together[expert];
    let turn = params.step * unit(expert);
    for (var k = 0u; k < params.count; k += span) {
      let point = line * params.count + k;
      let first = 3u * params.experts + point;
      if (span == LINE) {
        sumLine(expert, k, top.x, lane, columns, address);
        continue;
      }
      let count = min(span, params.count - k);
      let block = Block(false, alphasOf(point), turn, unit(expert), joint, count, first, 1u);
      sumBlock(block, lane, columns, address);
    }
  }
  if (lane == 0u) {
    let bad = select(0.0, 1.0, atomicLoad(&badInTile) > 0u);
    store(addressOf(row, tile, slots), Sums(top.x, vec4<f32>(top.y, bad, 0.0, 0.0)));
  }
}
