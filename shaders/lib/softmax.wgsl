// A row's maximum, argmax, sum of exponentials and entropy term, in two passes: `partials` reads each chunk
// of each row once, the kernel's own second pass merges a row's chunks with `wholeRow`.
// The file that follows declares
//   logits:     array<u32>
//   chunkStats: array<vec4<u32>> rows x chunks, packed Softmax
//   params:     rows, vocab, base, pitch, ...
// Merging goes in a fixed order that depends on the chunks alone, so a row's result is the same in any
// batch. Twin of readRow in src/kernels/rows.ts.

/// Logits count this much, 1 / temperature; whoever wants another than 1 sets it in every entry point.
var<private> coolness: f32 = 1.0;

/// (high - low) / temperature for logits high >= low, held below 200.
fn cooled(high: f32, low: f32) -> f32 {
  return -max(max(low - high, -1e6) * coolness, -200.0);
}

struct Softmax {
  /// Sort key of the largest logit m; BAD_KEY once a bad logit was seen, since that is above all.
  key: u32,
  /// Lowest id that has it.
  id: u32,
  /// sum exp(x - m), x and m at the temperature
  sum: f32,
  /// sum exp(x - m) (x - m)
  dot: f32,
}
/// Of no logits: loses every comparison and adds nothing.
const EMPTY = Softmax(0u, NONE, 0.0, 0.0);

var<workgroup> folds: array<Softmax, WORKGROUP>;

/// A workgroup that merges chunks: 4 invocations for each of 16 rows.
const MERGERS: u32 = 64u;
const ROW_LANES: u32 = 4u;
const ROWS_MERGED: u32 = MERGERS / ROW_LANES;
var<workgroup> merged: array<Softmax, MERGERS>;

fn merge(a: Softmax, b: Softmax) -> Softmax {
  var high = a;
  var low = b;
  if (b.key > a.key || (b.key == a.key && b.id < a.id)) {
    high = b;
    low = a;
  }
  // sum e^(x-m') (x-m') = e^(m-m') (dot + sum (m-m'))
  let d = -cooled(keyValue(high.key), keyValue(low.key));
  let e = exp(d);
  let sum = high.sum + low.sum * e;
  return Softmax(high.key, high.id, sum, high.dot + e * (low.dot + low.sum * d));
}

/// Statistics of this lane's columns of a chunk.
fn readColumns(row: u32, chunk: u32, lane: u32) -> Softmax {
  var mine = EMPTY;
  for (var i = 0u; i < FOURS; i++) {
    let columns = columnsOf(chunk, lane, i);
    if (columns.x >= params.vocab) {
      break;
    }
    let keys = keysAt(row, columns);
    let key = highest(keys);
    if (key > mine.key) {
      // Columns ascend from one four to the next, so a strict comparison keeps the lowest id.
      let d = -cooled(keyValue(key), keyValue(mine.key));
      let e = exp(d);
      mine.dot = e * (mine.dot + mine.sum * d);
      mine.sum = e * mine.sum;
      mine.key = key;
      let ids = select(vec4<u32>(NONE), columns, keys == vec4<u32>(key));
      mine.id = lowest(ids);
    }
    let far = max(keyValues(keys) - keyValue(mine.key), vec4<f32>(-1e6));
    let d = max(far * coolness, vec4<f32>(-200.0));
    let e = select(vec4<f32>(0.0), exp(d), keys > vec4<u32>(0u));
    mine.sum += dot(e, vec4<f32>(1.0));
    mine.dot += dot(e, d);
  }
  return mine;
}

/// Merges one Softmax per lane of WORKGROUP; valid in lane 0. To be called by all lanes.
fn foldWorkgroup(lane: u32, mine: Softmax) -> Softmax {
  folds[lane] = mine;
  workgroupBarrier();
  if (lane < 16u) {
    var sum = mine;
    for (var other = lane + 16u; other < WORKGROUP; other += 16u) {
      sum = merge(sum, folds[other]);
    }
    folds[lane] = sum;
  }
  workgroupBarrier();
  var whole = folds[0];
  if (lane == 0u) {
    for (var other = 1u; other < 16u; other++) {
      whole = merge(whole, folds[other]);
    }
  }
  return whole;
}

fn packed(s: Softmax) -> vec4<u32> {
  return vec4<u32>(s.key, s.id, bitcast<u32>(s.sum), bitcast<u32>(s.dot));
}

fn unpacked(words: vec4<u32>) -> Softmax {
  return Softmax(words.x, words.y, bitcast<f32>(words.z), bitcast<f32>(words.w));
}

@compute @workgroup_size(WORKGROUP)
fn partials(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroupNumber(group, groups);
  if (index >= params.rows * chunksPerRow()) {
    return;
  }
  let mine = readColumns(index / chunksPerRow(), index % chunksPerRow(), lane);
  let whole = foldWorkgroup(lane, mine);
  if (lane == 0u) {
    chunkStats[index] = packed(whole);
  }
}

/// Statistics of a whole row, merged by ROW_LANES neighbouring lanes and valid in the first of them; a row
/// beyond the last gives EMPTY. To be called by all MERGERS lanes, once.
fn wholeRow(row: u32, local: u32) -> Softmax {
  let lane = local % ROW_LANES;
  let chunks = select(0u, chunksPerRow(), row < params.rows);
  var mine = EMPTY;
  for (var chunk = lane; chunk < chunks; chunk += ROW_LANES) {
    mine = merge(mine, unpacked(chunkStats[row * chunks + chunk]));
  }
  merged[local] = mine;
  workgroupBarrier();
  if (lane == 0u) {
    for (var other = 1u; other < min(ROW_LANES, chunks); other++) {
      mine = merge(mine, merged[local + other]);
    }
  }
  return mine;
}
