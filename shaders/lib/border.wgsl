// Where top-k and top-p end. The tokens that a filter keeps are the first of the order "key descending, id
// ascending", so a filter is a border: all keys above endKey, and of those at endKey the first endTies by id.
// Its endKey is found digit by digit, 8 bits at a time, like the pages of a dictionary: `count` adds up what
// each value of the next digit contributes (tokens for top-k, weights for top-p), `choose` takes the value
// in which the border lies. Weights are integers and sums exact, so atomics leave nothing to chance.
// The file that follows declares logits, bins, states and params as in sampleToken.wgsl.

const KEEP_ALL: u32 = 0x1000000u; // of topP
/// What the most probable token weighs.
const UNIT: f32 = 134217728.0;

// What a row is looking for.
const COUNT: u32 = 0u; // the key at which topK tokens are reached
const MASS: u32 = 1u; // the key at which the share topP of their mass is reached
const DONE: u32 = 2u;
const BAD: u32 = 3u;

struct State {
  largest: u32, // key of the row's maximum
  phase: u32,
  level: u32, // digits of the border found so far
  prefix: u32, // these digits
  need: Mass, // what the tokens with this prefix must contribute
  endKey: u32, // 0 keeps all
  endTies: u32,
}

var<workgroup> sums: array<atomic<u32>, 512>;

/// round(UNIT exp((x - max) / temperature)); 0 for the key 0, which is no logit.
fn weightsOf(keys: vec4<u32>, largest: u32) -> vec4<u32> {
  let differences = keyValues(keys) - keyValue(largest);
  let z = max(differences, vec4<f32>(-200.0 * params.temperature)) / params.temperature;
  return select(vec4<u32>(0u), vec4<u32>(exp(z) * UNIT + 0.5), keys > vec4<u32>(0u));
}

fn weightOf(key: u32, largest: u32) -> u32 {
  return weightsOf(vec4<u32>(key), largest).x;
}

// Adds up, per value of the next digit, the tokens (COUNT) or weights (MASS) that share the prefix.
@compute @workgroup_size(WORKGROUP)
fn count(
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
  if (state.phase == COUNT || state.phase == MASS) {
    for (var i = 0u; i < FOURS; i++) {
      let columns = columnsOf(index % chunksPerRow(), lane, i);
      if (columns.x >= params.vocab) {
        break;
      }
      let keys = keysAt(row, columns);
      // At level 0 all keys share the prefix; a shift by 32 bits is not allowed.
      let above = keys >> vec4<u32>(32u - 8u * max(state.level, 1u));
      let prefixed = (above == vec4<u32>(state.prefix)) | vec4<bool>(state.level == 0u);
      let counted = prefixed & (keys > vec4<u32>(state.endKey));
      if (any(counted)) {
        let digits = (keys >> vec4<u32>(24u - 8u * state.level)) & vec4<u32>(255u);
        var weights = vec4<u32>(1u);
        if (state.phase == MASS) {
          weights = weightsOf(keys, state.largest);
        }
        for (var j = 0u; j < 4u; j++) {
          if (counted[j]) {
            atomicAdd(&sums[2u * digits[j]], weights[j] & 0x3fffu);
            atomicAdd(&sums[2u * digits[j] + 1u], weights[j] >> 14u);
          }
        }
      }
    }
  }
  workgroupBarrier();
  for (var bin = lane; bin < 512u; bin += WORKGROUP) {
    let sum = atomicLoad(&sums[bin]);
    if (sum > 0u) {
      atomicAdd(&bins[row * 512u + bin], sum);
    }
  }
}

fn binMass(bin: u32) -> Mass {
  return massOfLimbs(atomicLoad(&sums[2u * bin + 1u]), atomicLoad(&sums[2u * bin]), 14u);
}

/// One step of a row whose bins are in `sums`.
fn chosen(before: State) -> State {
  var state = before;
  if (state.phase == MASS && state.level == 0u) {
    // The bins hold all tokens above the border of top-k; those at the border come on top.
    var above = NO_MASS;
    for (var bin = 0u; bin < 256u; bin++) {
      above = plus(above, binMass(bin));
    }
    var border = NO_MASS;
    let weight = weightOf(state.endKey, state.largest);
    if (state.endKey > 0u) {
      border = copiesOf(state.endTies, weight);
    }
    state.need = shareOf(plus(above, border), params.topP, true);
    if (less(state.need, massOf(1u))) {
      state.need = massOf(1u);
    }
    if (less(above, state.need)) {
      state.endTies = leastCopies(weight, minus(state.need, above));
      state.phase = DONE;
      return state;
    }
  }

  // From the most probable bin down, until what is needed is reached.
  var bin = 0u;
  var reached = NO_MASS;
  for (var i = 256u; i > 0u; i--) {
    let mass = binMass(i - 1u);
    if (less(NO_MASS, mass)) {
      bin = i - 1u;
      if (!less(plus(reached, mass), state.need)) {
        break;
      }
      reached = plus(reached, mass);
    }
  }
  state.prefix = (state.prefix << 8u) | bin;
  state.level++;
  state.need = minus(state.need, reached);
  if (state.level < 4u) {
    return state;
  }

  state.endKey = state.prefix;
  if (state.phase == COUNT) {
    state.endTies = state.need.low;
    state.phase = select(DONE, MASS, params.topP < KEEP_ALL);
    state.level = 0u;
    state.prefix = 0u;
  } else {
    state.endTies = leastCopies(weightOf(state.endKey, state.largest), state.need);
    state.phase = DONE;
  }
  return state;
}

// Chooses the digit, and empties the bins for the next.
@compute @workgroup_size(WORKGROUP)
fn choose(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroupNumber(group, groups);
  if (row >= params.rows) {
    return;
  }
  for (var bin = lane; bin < 512u; bin += WORKGROUP) {
    atomicStore(&sums[bin], atomicExchange(&bins[row * 512u + bin], 0u));
  }
  workgroupBarrier();
  if (lane == 0u) {
    let state = states[row];
    if (state.phase == COUNT || state.phase == MASS) {
      states[row] = chosen(state);
    }
  }
}
