// The k most probable tokens of each row, most probable first, equal logits by id; k <= 64.
// rows x vocab logits -> rows x k tokens, rows x k probabilities; NONE where there is no token.

struct Params {
  rows: u32,
  vocab: u32,
  base: u32,
  pitch: u32,
  k: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<u32>;
@group(0) @binding(1) var<storage, read_write> tokens: array<u32>; // rows x k
@group(0) @binding(2) var<storage, read_write> probs: array<f32>; // rows x k
@group(0) @binding(3) var<storage, read_write> chunkStats: array<vec4<u32>>; // rows x chunks
@group(0) @binding(4) var<storage, read_write> candidates: array<vec2<u32>>; // rows x chunks x k: key, id
@group(0) @binding(5) var<uniform> params: Params;

/// One contender per lane, (key, id), and the best of every 16th.
var<workgroup> contenders: array<vec2<u32>, WORKGROUP>;
var<workgroup> finalists: array<vec2<u32>, 16>;

const NOBODY = vec2<u32>(0u, NONE);

fn better(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let aWins = a.x > b.x || (a.x == b.x && a.y < b.y);
  return select(b, a, aWins);
}

/// The best contender, known to every lane. To be called by all lanes.
fn winner(lane: u32, mine: vec2<u32>) -> vec2<u32> {
  contenders[lane] = mine;
  workgroupBarrier();
  if (lane < 16u) {
    var best = mine;
    for (var other = lane + 16u; other < WORKGROUP; other += 16u) {
      best = better(best, contenders[other]);
    }
    finalists[lane] = best;
  }
  workgroupBarrier();
  var best = finalists[0];
  for (var other = 1u; other < 16u; other++) {
    best = better(best, finalists[other]);
  }
  return best;
}

/// This lane's best column of a chunk that comes after `last` in the order. Reads the columns again: they
/// are few and in the cache, and there is nothing to remember about those that were taken.
fn bestAfter(last: vec2<u32>, row: u32, chunk: u32, lane: u32) -> vec2<u32> {
  var best = NOBODY;
  for (var i = 0u; i < FOURS; i++) {
    let columns = columnsOf(chunk, lane, i);
    if (columns.x >= params.vocab) {
      break;
    }
    let keys = keysAt(row, columns);
    let equal = (keys == vec4<u32>(last.x)) & (columns > vec4<u32>(last.y));
    let left = select(vec4<u32>(0u), keys, equal | (keys < vec4<u32>(last.x)));
    let key = highest(left);
    if (key > best.x) {
      let ids = select(vec4<u32>(NONE), columns, left == vec4<u32>(key));
      best = vec2<u32>(key, lowest(ids));
    }
  }
  return best;
}

// 1. Each chunk finds its k best, one per round; the lane that had the winner looks for its next.
@compute @workgroup_size(WORKGROUP)
fn chunkTopK(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroupNumber(group, groups);
  if (index >= params.rows * chunksPerRow()) {
    return;
  }
  let row = index / chunksPerRow();
  let chunk = index % chunksPerRow();
  let stats = foldWorkgroup(lane, readColumns(row, chunk, lane));
  if (lane == 0u) {
    chunkStats[index] = packed(stats);
  }
  var mine = vec2<u32>(NONE, 0u); // above everything
  var stale = true;
  for (var round = 0u; round < params.k; round++) {
    if (stale) {
      mine = bestAfter(mine, row, chunk, lane);
    }
    let best = winner(lane, mine);
    if (lane == 0u) {
      candidates[index * params.k + round] = best;
    }
    stale = best.y == mine.y && best.y != NONE;
  }
}

/// Sorted lists that one lane of `combine` looks after.
const LISTS: u32 = MAX_CHUNKS / 16u;
/// How much of each was taken.
var<private> heads: array<u32, LISTS>;

/// The best head of this lane's lists.
fn bestHead(row: u32, lane: u32) -> vec2<u32> {
  var best = NOBODY;
  for (var i = 0u; lane + i * WORKGROUP < chunksPerRow(); i++) {
    if (heads[i] < params.k) {
      let list = row * chunksPerRow() + lane + i * WORKGROUP;
      best = better(best, candidates[list * params.k + heads[i]]);
    }
  }
  return best;
}

// 2. Each row merges its chunks' sorted lists: a round takes the best of all heads.
@compute @workgroup_size(WORKGROUP)
fn combine(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = workgroupNumber(group, groups);
  if (row >= params.rows) {
    return;
  }
  var stats = EMPTY;
  for (var chunk = lane; chunk < chunksPerRow(); chunk += WORKGROUP) {
    stats = merge(stats, unpacked(chunkStats[row * chunksPerRow() + chunk]));
  }
  let whole = foldWorkgroup(lane, stats);
  var mine = NOBODY;
  var stale = true;
  for (var round = 0u; round < params.k; round++) {
    if (stale) {
      mine = bestHead(row, lane);
    }
    let best = winner(lane, mine);
    if (lane == 0u) {
      let nobody = best.x == 0u || whole.key == BAD_KEY;
      let p = exp(below(keyValue(best.x), keyValue(whole.key))) / whole.sum;
      tokens[row * params.k + round] = select(best.y, NONE, nobody);
      probs[row * params.k + round] = select(p, 0.0, nobody);
    }
    stale = best.y == mine.y && best.y != NONE;
    if (stale) {
      heads[best.y / CHUNK / WORKGROUP]++;
    }
  }
}
