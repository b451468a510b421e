// The tokens that temperature, top-k, top-p and min-p keep, in passes that sampleToken and warpLogits share:
// largest, begin, then lib/border.wgsl's count and choose, four times each per filter, then weigh.
// The file that follows declares logits, chunkSums, bins, states and params as in sampleToken.wgsl.

var<workgroup> folded: array<atomic<u32>, 3>;

// The largest key of each chunk; a bad logit is the largest.
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
  for (var i = 0u; i < FOURS; i++) {
    let columns = columnsOf(index % chunksPerRow(), lane, i);
    if (columns.x >= params.vocab) {
      break;
    }
    most = max(most, highest(keysAt(index / chunksPerRow(), columns)));
  }
  atomicMax(&folded[0], most);
  workgroupBarrier();
  if (lane == 0u) {
    chunkSums[index] = vec4<u32>(atomicLoad(&folded[0]), 0u, 0u, 0u);
  }
}

// The largest key of each row, empty bins, and what to look for first.
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
    atomicMax(&folded[0], chunkSums[row * chunksPerRow() + chunk].x);
  }
  for (var bin = lane; bin < 512u; bin += WORKGROUP) {
    atomicStore(&bins[row * 512u + bin], 0u);
  }
  workgroupBarrier();
  if (lane == 0u) {
    let most = atomicLoad(&folded[0]);
    var phase = select(DONE, MASS, params.topP < KEEP_ALL);
    phase = select(phase, COUNT, params.topK > 0u);
    phase = select(phase, BAD, most == BAD_KEY);
    let need = massOf(min(params.topK, params.vocab));
    states[row] = State(most, phase, 0u, 0u, need, 0u, NONE);
  }
}

fn total4(four: vec4<u32>) -> u32 {
  return four.x + four.y + four.z + four.w;
}

/// What tokens above endKey weigh in the end.
fn keptWeights(keys: vec4<u32>, state: State) -> vec4<u32> {
  let weights = weightsOf(keys, state.largest);
  let kept = (keys > vec4<u32>(state.endKey)) & (weights >= vec4<u32>(params.minWeight));
  return select(vec4<u32>(0u), weights, kept);
}

/// 1 for each token at endKey.
fn tiesOf(keys: vec4<u32>, state: State) -> vec4<u32> {
  return select(vec4<u32>(0u), vec4<u32>(1u), keys == vec4<u32>(max(state.endKey, 1u)));
}

// The kept mass of each chunk, and the tokens at its border.
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
  var mass = NO_MASS;
  var ties = 0u;
  for (var i = 0u; i < FOURS; i++) {
    let columns = columnsOf(index % chunksPerRow(), lane, i);
    if (columns.x >= params.vocab) {
      break;
    }
    let keys = keysAt(row, columns);
    mass = plus(mass, massOf(total4(keptWeights(keys, state))));
    ties += total4(tiesOf(keys, state));
  }
  atomicAdd(&folded[0], mass.low);
  atomicAdd(&folded[1], mass.high);
  atomicAdd(&folded[2], ties);
  workgroupBarrier();
  if (lane == 0u) {
    let whole = massOfLimbs(atomicLoad(&folded[1]), atomicLoad(&folded[0]), 24u);
    chunkSums[index] = vec4<u32>(whole.high, whole.low, atomicLoad(&folded[2]), 0u);
  }
}
