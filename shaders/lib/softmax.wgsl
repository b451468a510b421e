// A row's maximum, argmax, sum of exponentials and entropy term, in two passes: `partials` reads each chunk
// of each row once, the kernel's own second pass merges a row's chunks with `wholeRow`.
// The file that follows declares
//   logits:     array<u32>       row r begins at params.base + r * params.pitch
//   chunkStats: array<vec4<u32>> rows x chunks, packed Softmax
//   params:     rows, vocab, base, pitch, ...
// Merging goes in a fixed order that depends on the chunks alone, so a row's result is the same in any
// batch. Twin of readRow in src/kernels/rows.ts.

struct Softmax {
  /// Sort key of the largest logit m; BAD_KEY once a bad logit was seen, since that is above all.
  key: u32,
  /// Lowest id that has it.
  id: u32,
  /// sum exp(x - m)
  sum: f32,
  /// sum exp(x - m) (x - m)
  dot: f32,
}
/// Of no logits: loses every comparison and adds nothing.
const EMPTY = Softmax(0u, NONE, 0.0, 0.0);

/// Invocations of a workgroup that merges chunks: 16 for each of 16 rows.
const MERGERS: u32 = 256u;

var<workgroup> folds: array<Softmax, MERGERS>;
/// This invocation's columns of the chunk, in ascending order; 0 beyond the vocabulary.
var<private> keys: array<u32, COLUMNS>;

fn merge(a: Softmax, b: Softmax) -> Softmax {
  let key = max(a.key, b.key);
  let m = keyValue(key);
  let da = below(keyValue(a.key), m);
  let db = below(keyValue(b.key), m);
  let ea = exp(da);
  let eb = exp(db);
  let idA = select(NONE, a.id, a.key == key);
  let idB = select(NONE, b.id, b.key == key);
  // sum e^(x-m') (x-m') = e^(m-m') (dot + sum (m-m'))
  return Softmax(
    key,
    min(idA, idB),
    a.sum * ea + b.sum * eb,
    ea * (a.dot + a.sum * da) + eb * (b.dot + b.sum * db),
  );
}

/// Loads `keys` and returns their statistics.
fn readColumns(row: u32, chunk: u32, lane: u32) -> Softmax {
  var mine = EMPTY;
  for (var i = 0u; i < COLUMNS; i++) {
    let column = columnOf(chunk, lane, i);
    keys[i] = 0u;
    if (column < params.vocab) {
      keys[i] = sortKey(logits[params.base + row * params.pitch + column]);
    }
    // Columns ascend, so a strict comparison keeps the lowest id.
    if (keys[i] > mine.key) {
      mine.key = keys[i];
      mine.id = column;
    }
  }
  let m = keyValue(mine.key);
  for (var i = 0u; i < COLUMNS; i++) {
    if (keys[i] > 0u) {
      let d = below(keyValue(keys[i]), m);
      let e = exp(d);
      mine.sum += e;
      mine.dot += e * d;
    }
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

/// Statistics of a whole row, merged by 16 neighbouring lanes and valid in the first of them (local % 16
/// == 0); a row beyond the last gives EMPTY. To be called by all MERGERS lanes, once.
fn wholeRow(row: u32, local: u32) -> Softmax {
  let lane = local % 16u;
  let chunks = select(0u, chunksPerRow(), row < params.rows);
  var mine = EMPTY;
  for (var chunk = lane; chunk < chunks; chunk += 16u) {
    mine = merge(mine, unpacked(chunkStats[row * chunks + chunk]));
  }
  folds[local] = mine;
  workgroupBarrier();
  if (lane == 0u) {
    for (var other = 1u; other < min(16u, chunks); other++) {
      mine = merge(mine, folds[local + other]);
    }
  }
  return mine;
}
