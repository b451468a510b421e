// Draws one token per row: temperature, top-k, top-p, min-p, inverse CDF in token-id order.
// rows x vocab logits -> rows tokens, rows probabilities; a bad row gives NONE.
// Weights are integers, w = round(2^27 exp((x - max) / temperature)), and their sums exact: see
// src/kernels/sampleToken.ts. Tokens are kept while their key is above endKey; of those at endKey, the
// first endTies in id order. Top-k and top-p each find that border digit by digit of the key.

struct Params {
  rows: u32,
  vocab: u32,
  base: u32,
  pitch: u32,
  temperature: f32,
  topK: u32, // 0 keeps all
  topP: u32, // in units of 2^-24
  minWeight: u32,
  seed: u32,
  run: u32,
  step: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<u32>;
@group(0) @binding(1) var<storage, read> slots: array<u32>; // rows; last word of each row's address
@group(0) @binding(2) var<storage, read_write> tokens: array<u32>; // rows
@group(0) @binding(3) var<storage, read_write> probs: array<f32>; // rows
/// Pass 1: a chunk's largest key. Pass `weigh`: mass above endKey (high, low), tokens at endKey.
@group(0) @binding(4) var<storage, read_write> chunkSums: array<vec4<u32>>; // rows x chunks
/// Per bin of the digit in question: low 14 bits of all weights, then the rest of them.
@group(0) @binding(5) var<storage, read_write> bins: array<atomic<u32>>; // rows x 256 x 2
@group(0) @binding(6) var<storage, read_write> states: array<State>; // rows
@group(0) @binding(7) var<uniform> params: Params;

/// Parts in id order, in which `find` looks for a point: mass above endKey (high, low), tokens at endKey.
var<workgroup> parts: array<vec4<u32>, 128>;

// 1. to 5. lib/kept.wgsl and lib/border.wgsl.

/// Where the drawn point lies: in which part, how far into it, and how many ties may still be kept there.
struct Place {
  part: u32,
  goal: Mass,
  tiesLeft: u32,
}
var<workgroup> place: Place;

/// Kept mass of a part when `tiesLeft` ties may still be kept.
fn partMass(part: u32, tiesLeft: u32, tieWeight: u32) -> Mass {
  let words = parts[part];
  return plus(Mass(words.x, words.y), copiesOf(min(words.z, tiesLeft), tieWeight));
}

/// The first of `count` parts whose running mass exceeds the goal; the last with any, if none does.
fn find(count: u32, start: Place, tieWeight: u32) -> Place {
  var tiesLeft = start.tiesLeft;
  var found = start;
  var sum = NO_MASS;
  for (var part = 0u; part < count; part++) {
    let mass = partMass(part, tiesLeft, tieWeight);
    if (less(NO_MASS, mass)) {
      found = Place(part, minus(start.goal, sum), tiesLeft);
      sum = plus(sum, mass);
      if (less(start.goal, sum)) {
        break;
      }
    }
    tiesLeft -= min(parts[part].z, tiesLeft);
  }
  return found;
}

fn totalOf(count: u32, endTies: u32, tieWeight: u32) -> Mass {
  var total = NO_MASS;
  var tiesLeft = endTies;
  for (var part = 0u; part < count; part++) {
    total = plus(total, partMass(part, tiesLeft, tieWeight));
    tiesLeft -= min(parts[part].z, tiesLeft);
  }
  return total;
}

// 6. Finds the chunk in which the point u * total lies, then the run of columns, then the column.
@compute @workgroup_size(WORKGROUP)
fn draw(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroupNumber(group, groups);
  if (row >= params.rows) {
    return;
  }
  let state = states[row];
  let bordered = state.endKey > 0u;
  let weightAtEnd = weightOf(state.endKey, state.largest);
  let tieWeight = select(0u, weightAtEnd, bordered && weightAtEnd >= params.minWeight);

  for (var chunk = lane; chunk < chunksPerRow(); chunk += WORKGROUP) {
    parts[chunk] = chunkSums[row * chunksPerRow() + chunk];
  }
  workgroupBarrier();
  var total = NO_MASS;
  if (lane == 0u) {
    total = totalOf(chunksPerRow(), state.endTies, tieWeight);
    let u = uniform24(params.seed, params.run, params.step, slots[row]);
    let point = Place(0u, shareOf(total, u, false), state.endTies);
    place = find(chunksPerRow(), point, tieWeight);
  }
  workgroupBarrier();

  // Lane l takes the neighbouring columns from COLUMNS l on, so that lanes are in id order.
  let chunk = place;
  var mass = NO_MASS;
  var ties = 0u;
  for (var i = 0u; i < FOURS; i++) {
    let first = chunk.part * CHUNK + lane * COLUMNS + 4u * i;
    let keys = keysAt(row, first + vec4<u32>(0u, 1u, 2u, 3u));
    mass = plus(mass, massOf(total4(keptWeights(keys, state))));
    ties += total4(tiesOf(keys, state));
  }
  parts[lane] = vec4<u32>(mass.high, mass.low, ties, 0u);
  workgroupBarrier();
  if (lane == 0u) {
    place = find(WORKGROUP, chunk, tieWeight);
  }
  workgroupBarrier();

  let run = place;
  let first = chunk.part * CHUNK + run.part * COLUMNS;
  for (var i = lane; i < COLUMNS; i += WORKGROUP) {
    let keys = keysAt(row, vec4<u32>(first + i));
    let weight = massOf(keptWeights(keys, state).x);
    parts[i] = vec4<u32>(weight.high, weight.low, tiesOf(keys, state).x, 0u);
  }
  workgroupBarrier();
  if (lane == 0u) {
    let column = find(COLUMNS, run, tieWeight);
    let weight = massValue(partMass(column.part, column.tiesLeft, tieWeight));
    let bad = state.phase == BAD;
    tokens[row] = select(first + column.part, NONE, bad);
    probs[row] = select(weight / massValue(total), 0.0, bad);
  }
}
