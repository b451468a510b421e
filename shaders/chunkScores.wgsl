// Per beam, sum of log p_tuned - sum of log p_untuned over the tokens of a chunk, in nats.
// rows x vocab and otherRows x otherVocab logits, a token for each row -> beams scores; a bad row spoils its beam.
// A beam's rows follow each other: rows / beams of the tuned model, otherRows / beams of the untuned one.

struct Params {
  beams: u32,
  rows: u32,
  vocab: u32,
  base: u32,
  pitch: u32,
  otherRows: u32,
  otherVocab: u32,
  otherBase: u32,
  otherPitch: u32,
}

@group(0) @binding(0) var<storage, read> tuned: array<u32>;
@group(0) @binding(1) var<storage, read> untuned: array<u32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>; // rows + otherRows; NONE does not count
@group(0) @binding(3) var<storage, read_write> scores: array<f32>; // beams
@group(0) @binding(4) var<storage, read_write> bad: array<u32>; // beams; first bad row, or NONE
/// Of each chunk of each row: key of the largest logit m, and sum e^(x - m).
@group(0) @binding(5) var<storage, read_write> chunkStats: array<vec2<u32>>;
@group(0) @binding(6) var<uniform> params: Params;

/// Columns that one workgroup reads; depends on nothing, so a row's result does not depend on the others.
const CHUNK: u32 = 4096u;
const READERS: u32 = 128u;
const ADDERS: u32 = 64u;

/// Largest key and the sum of exponentials from it; of no logits (0, 0).
struct Stats {
  key: u32,
  sum: f32,
}
var<workgroup> folds: array<Stats, READERS>;
/// Of both models, so that equal ones cancel exactly.
var<workgroup> sums: array<vec2<f32>, ADDERS>;
var<workgroup> firstBad: array<u32, ADDERS>;

fn chunksOf(vocab: u32) -> u32 {
  return (vocab + CHUNK - 1u) / CHUNK;
}

/// Sort key of a logit; `row` counts through both models.
fn keyAt(row: u32, column: u32) -> u32 {
  if (row < params.rows) {
    return sortKey(tuned[params.base + row * params.pitch + column]);
  }
  return sortKey(untuned[params.otherBase + (row - params.rows) * params.otherPitch + column]);
}

fn vocabOf(row: u32) -> u32 {
  return select(params.otherVocab, params.vocab, row < params.rows);
}

/// Where the chunks of a row begin.
fn firstChunk(row: u32) -> u32 {
  let own = min(row, params.rows) * chunksOf(params.vocab);
  return own + (max(row, params.rows) - params.rows) * chunksOf(params.otherVocab);
}

fn merged(a: Stats, b: Stats) -> Stats {
  let high = max(a.key, b.key);
  let ea = exp(below(keyValue(a.key), keyValue(high)));
  let eb = exp(below(keyValue(b.key), keyValue(high)));
  return Stats(high, a.sum * ea + b.sum * eb);
}

// 1. Reads each chunk of each row once.
@compute @workgroup_size(READERS)
fn partials(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroupNumber(group, groups);
  let own = params.rows * chunksOf(params.vocab);
  if (index >= own + params.otherRows * chunksOf(params.otherVocab)) {
    return;
  }
  let mine = index < own;
  let row = select(
    params.rows + (index - min(index, own)) / chunksOf(params.otherVocab),
    index / chunksOf(params.vocab),
    mine,
  );
  let first = (index - firstChunk(row)) * CHUNK;
  let end = min(first + CHUNK, vocabOf(row));
  var stats = Stats(0u, 0.0);
  for (var column = first + lane; column < end; column += READERS) {
    let key = keyAt(row, column);
    if (key > stats.key) {
      stats.sum *= exp(below(keyValue(stats.key), keyValue(key)));
      stats.key = key;
    }
    stats.sum += exp(below(keyValue(key), keyValue(stats.key)));
  }
  folds[lane] = stats;
  workgroupBarrier();
  for (var half = READERS / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      folds[lane] = merged(folds[lane], folds[lane + half]);
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    chunkStats[index] = vec2<u32>(folds[0].key, bitcast<u32>(folds[0].sum));
  }
}

/// Adds log p of a row's token to this lane's sum of its model; remembers the first bad row.
fn judge(row: u32, model: vec2<f32>, lane: u32) {
  let label = labels[row];
  if (label == NONE) {
    return;
  }
  var stats = Stats(0u, 0.0);
  for (var chunk = 0u; chunk < chunksOf(vocabOf(row)); chunk++) {
    let words = chunkStats[firstChunk(row) + chunk];
    stats = merged(stats, Stats(words.x, bitcast<f32>(words.y)));
  }
  if (stats.key == BAD_KEY) {
    firstBad[lane] = min(firstBad[lane], row);
    return;
  }
  let x = keyValue(keyAt(row, label));
  sums[lane] += model * (x - keyValue(stats.key) - log(max(stats.sum, 1.0)));
}

// 2. One workgroup adds up a beam's rows, in a fixed order.
@compute @workgroup_size(ADDERS)
fn combine(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let beam = workgroupNumber(group, groups);
  if (beam >= params.beams) {
    return;
  }
  sums[lane] = vec2<f32>(0.0);
  firstBad[lane] = NONE;
  let own = params.rows / params.beams;
  for (var i = lane; i < own; i += ADDERS) {
    judge(beam * own + i, vec2<f32>(1.0, 0.0), lane);
  }
  let others = params.otherRows / params.beams;
  for (var i = lane; i < others; i += ADDERS) {
    judge(params.rows + beam * others + i, vec2<f32>(0.0, 1.0), lane);
  }
  workgroupBarrier();
  if (lane > 0u) {
    return;
  }
  var whole = vec2<f32>(0.0);
  var worst = NONE;
  for (var other = 0u; other < ADDERS; other++) {
    whole += sums[other];
    worst = min(worst, firstBad[other]);
  }
  scores[beam] = select(0.0, whole.x - whole.y, worst == NONE);
  bad[beam] = worst;
}
