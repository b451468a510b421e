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
  row: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<u32>;
@group(0) @binding(1) var<storage, read_write> tokens: array<u32>; // rows
@group(0) @binding(2) var<storage, read_write> probs: array<f32>; // rows
/// Pass 1: a chunk's largest key. Pass `weigh`: mass above endKey (high, low), tokens at endKey.
@group(0) @binding(3) var<storage, read_write> chunkSums: array<vec4<u32>>; // rows x chunks
/// Per bin of the digit in question: low 14 bits of all weights, then the rest of them.
@group(0) @binding(4) var<storage, read_write> bins: array<atomic<u32>>; // rows x 256 x 2
@group(0) @binding(5) var<storage, read_write> states: array<State>; // rows
@group(0) @binding(6) var<uniform> params: Params;

var<workgroup> words: array<vec4<u32>, MAX_CHUNKS>;

// 1. The largest key of each chunk; a bad logit is the largest.
@compute @workgroup_size(WORKGROUP)
fn largest(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroupNumber(group, groups);
  if (index >= params.rows * chunksPerRow()) {
    return;
  }
  var most = 0u;
  for (var i = 0u; i < COLUMNS; i++) {
    let column = columnOf(index % chunksPerRow(), lane, i);
    if (column < params.vocab) {
      most = max(most, keyAt(index / chunksPerRow(), column));
    }
  }
  atomicMax(&sums[0], most);
  workgroupBarrier();
  if (lane == 0u) {
    chunkSums[index] = vec4<u32>(atomicLoad(&sums[0]), 0u, 0u, 0u);
  }
}

// 2. The largest key of each row, empty bins, and what to look for first.
@compute @workgroup_size(WORKGROUP)
fn begin(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroupNumber(group, groups);
  if (row >= params.rows) {
    return;
  }
  for (var chunk = lane; chunk < chunksPerRow(); chunk += WORKGROUP) {
    atomicMax(&sums[0], chunkSums[row * chunksPerRow() + chunk].x);
  }
  for (var bin = lane; bin < 512u; bin += WORKGROUP) {
    atomicStore(&bins[row * 512u + bin], 0u);
  }
  workgroupBarrier();
  if (lane == 0u) {
    let most = atomicLoad(&sums[0]);
    var phase = select(DONE, MASS, params.topP < KEEP_ALL);
    phase = select(phase, COUNT, params.topK > 0u);
    phase = select(phase, BAD, most == BAD_KEY);
    let need = massOf(min(params.topK, params.vocab));
    states[row] = State(most, phase, 0u, 0u, need, 0u, NONE);
  }
}

// 3. lib/border.wgsl: count, and 4. choose; four times each for top-k and four times each for top-p.

/// What a token weighs in the end, if it is above endKey.
fn keptWeight(key: u32, state: State) -> u32 {
  let weight = weightOf(key, state.largest);
  return select(0u, weight, key > state.endKey && weight >= params.minWeight);
}

// 5. The kept mass of each chunk. A lane's columns weigh at most 2^31: one word.
@compute @workgroup_size(WORKGROUP)
fn weigh(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroupNumber(group, groups);
  if (index >= params.rows * chunksPerRow()) {
    return;
  }
  let row = index / chunksPerRow();
  let state = states[row];
  var weight = 0u;
  var ties = 0u;
  for (var i = 0u; i < COLUMNS; i++) {
    let column = columnOf(index % chunksPerRow(), lane, i);
    if (column < params.vocab) {
      let key = keyAt(row, column);
      weight += keptWeight(key, state);
      ties += select(0u, 1u, key == state.endKey);
    }
  }
  atomicAdd(&sums[0], weight & 0xffffu);
  atomicAdd(&sums[1], weight >> 16u);
  atomicAdd(&sums[2], ties);
  workgroupBarrier();
  if (lane == 0u) {
    let mass = massOfLimbs(atomicLoad(&sums[1]), atomicLoad(&sums[0]), 16u);
    chunkSums[index] = vec4<u32>(mass.high, mass.low, atomicLoad(&sums[2]), 0u);
  }
}

/// Where the drawn point lies: an entry of `words`, how far into it, and ties that may still be kept there.
struct Place {
  entry: u32,
  goal: Mass,
  tiesLeft: u32,
  total: Mass,
}
var<workgroup> place: Place;

/// Kept mass of entry i of `words` (mass above endKey, ties) when `tiesLeft` ties may still be kept.
fn entryMass(i: u32, tiesLeft: u32, tieWeight: u32) -> Mass {
  let entry = words[i];
  return plus(Mass(entry.x, entry.y), copiesOf(min(entry.z, tiesLeft), tieWeight));
}

/// The first of `count` entries whose running mass exceeds the goal; the last with any, if none does.
fn find(count: u32, start: Place, tieWeight: u32) -> Place {
  var here = start;
  var found = start;
  var sum = NO_MASS;
  for (var i = 0u; i < count; i++) {
    let mass = entryMass(i, here.tiesLeft, tieWeight);
    if (less(NO_MASS, mass)) {
      found.entry = i;
      found.goal = minus(start.goal, sum);
      found.tiesLeft = here.tiesLeft;
      sum = plus(sum, mass);
      if (less(start.goal, sum)) {
        break;
      }
    }
    here.tiesLeft -= min(words[i].z, here.tiesLeft);
  }
  return found;
}

fn totalOf(count: u32, endTies: u32, tieWeight: u32) -> Mass {
  var total = NO_MASS;
  var tiesLeft = endTies;
  for (var i = 0u; i < count; i++) {
    total = plus(total, entryMass(i, tiesLeft, tieWeight));
    tiesLeft -= min(words[i].z, tiesLeft);
  }
  return total;
}

// 6. Finds the chunk in which the point u * total lies, then the lane's run of columns, then the column.
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
  var tieWeight = 0u;
  if (state.endKey > 0u) {
    let weight = weightOf(state.endKey, state.largest);
    tieWeight = select(0u, weight, weight >= params.minWeight);
  }
  for (var chunk = lane; chunk < chunksPerRow(); chunk += WORKGROUP) {
    words[chunk] = chunkSums[row * chunksPerRow() + chunk];
  }
  workgroupBarrier();
  if (lane == 0u) {
    let total = totalOf(chunksPerRow(), state.endTies, tieWeight);
    let u = uniform24(params.seed, params.run, params.step, params.row + row);
    let whole = Place(0u, shareOf(total, u, false), state.endTies, total);
    place = find(chunksPerRow(), whole, tieWeight);
  }
  workgroupBarrier();

  // Lane l takes the neighbouring columns from COLUMNS l on, so that lanes are in id order.
  let here = place;
  let first = here.entry * CHUNK + lane * COLUMNS;
  let end = min(first + COLUMNS, params.vocab);
  var weight = 0u;
  var ties = 0u;
  for (var column = first; column < end; column++) {
    let key = keyAt(row, column);
    weight += keptWeight(key, state);
    ties += select(0u, 1u, key == state.endKey);
  }
  words[lane] = vec4<u32>(massOf(weight).high, massOf(weight).low, ties, 0u);
  workgroupBarrier();

  if (lane == 0u) {
    let run = find(WORKGROUP, here, tieWeight);
    var column = here.entry * CHUNK + run.entry * COLUMNS;
    let stop = min(column + COLUMNS, params.vocab);
    var tiesLeft = run.tiesLeft;
    var sum = NO_MASS;
    var token = NONE;
    var tokenWeight = 0u;
    for (; column < stop && !less(run.goal, sum); column++) {
      let key = keyAt(row, column);
      var mine = keptWeight(key, state);
      if (key == state.endKey && tiesLeft > 0u) {
        mine = tieWeight;
        tiesLeft--;
      }
      if (mine > 0u) {
        token = column;
        tokenWeight = mine;
        sum = plus(sum, massOf(mine));
      }
    }
    let bad = state.phase == BAD;
    tokens[row] = select(token, NONE, bad);
    probs[row] = select(f32(tokenWeight) / massValue(here.total), 0.0, bad);
  }
}
