// What a search for the best tilt needs of a row of several models' logits, in one reading: for every point of
// its grid the sum over the vocabulary of e^x, x the tilted logit, and that of e^x times the shift, its square
// and its cube. A workgroup holds a tile of all models in its own memory; each lane sums a part of it for one
// point. The file that follows declares what shaders/fuseLogits.wgsl does.

/// Sums of e^(x - high) times 1, the shift, its square and its cube.
struct Sums {
  high: f32,
  moments: vec4<f32>,
}
const WORDS: u32 = 5u;

/// x, y, z: shifts; w: the large model's logit, from the tile's largest.
var<workgroup> held: array<vec4<f32>, TILE>;
var<workgroup> heldSmall: array<f32, TILE>;
var<workgroup> foldedHigh: array<f32, SLOTS * SEGMENTS>;
var<workgroup> folded: array<vec4<f32>, SLOTS * SEGMENTS>;
var<workgroup> anchor: vec4<f32>;
/// Keys of the tile's largest logits, large and small.
var<workgroup> tops: array<atomic<u32>, 2>;
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

fn sumsOf(slot: Slot, first: u32, end: u32) -> Sums {
  var high = NOTHING;
  for (var i = first; i < end; i++) {
    high = max(high, exponent(slot, i));
  }
  var moments = vec4<f32>(0.0);
  for (var i = first; i < end; i++) {
    let e = exp(max(exponent(slot, i) - high, -200.0));
    let x = dot(slot.along, held[i].xyz);
    moments += e * vec4<f32>(1.0, x, x * x, x * x * x);
  }
  return Sums(high, moments);
}

fn exponent(slot: Slot, i: u32) -> f32 {
  return dot(slot.at, held[i].xyz) + select(held[i].w, heldSmall[i], slot.ofSmall);
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

@compute @workgroup_size(WORKGROUP)
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
  let sampled = min(WORKGROUP, params.vocab);
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

  for (var i = lane; i < columns; i += WORKGROUP) {
    let levels = levelsAt(row, first + i);
    let shift = select(levels.shift - anchor.xyz, vec3<f32>(0.0), levels.never);
    held[i] = vec4<f32>(shift, levels.large);
    heldSmall[i] = levels.small;
    atomicMax(&tops[0], sortKey(bitcast<u32>(levels.large)));
    atomicMax(&tops[1], sortKey(bitcast<u32>(levels.small)));
    if (levels.bad) {
      atomicStore(&badInTile, 1u);
    }
  }
  workgroupBarrier();
  // From the largest, what counts is near 0, where floats are finest.
  let top = vec2<f32>(keyValue(atomicLoad(&tops[0])), keyValue(atomicLoad(&tops[1])));
  for (var i = lane; i < columns; i += WORKGROUP) {
    held[i].w -= top.x;
    heldSmall[i] -= top.y;
  }
  workgroupBarrier();

  let slots = slotCount();
  let tile = index % tilesPerRow();
  for (var begin = 0u; begin < slots; begin += SLOTS) {
    // Neighbouring lanes sum the same columns for different points: a column is read once for all of them.
    for (var item = lane; item < SLOTS * SEGMENTS; item += WORKGROUP) {
      let slot = begin + item % SLOTS;
      let start = item / SLOTS * SEGMENT;
      if (slot < slots) {
        let part = sumsOf(slotOf(slot), start, min(columns, start + SEGMENT));
        foldedHigh[item] = part.high;
        folded[item] = part.moments;
      }
    }
    workgroupBarrier();
    for (var i = lane; i < min(SLOTS, slots - begin); i += WORKGROUP) {
      var whole = Sums(foldedHigh[i], folded[i]);
      for (var other = i + SLOTS; other < SLOTS * SEGMENTS; other += SLOTS) {
        whole = joined(whole, Sums(foldedHigh[other], folded[other]));
      }
      store(addressOf(row, tile, begin + i), whole);
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let bad = select(0.0, 1.0, atomicLoad(&badInTile) > 0u);
    store(addressOf(row, tile, slots), Sums(top.x, vec4<f32>(top.y, bad, 0.0, 0.0)));
  }
}
