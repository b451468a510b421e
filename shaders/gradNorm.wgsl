// Global L2 norm of gradients, and the factor that clips it: min(1, maxNorm / (norm + 1e-6)).
// words floats -> norm, factor; whether they are bad, first bad element. Fixed order, no atomics.
// Sums are kept as sum * 4^(field - 127) with the exponent field of the largest float, so that no square
// overflows or vanishes; powers of two round nothing.

struct Params {
  words: u32,
  maxNorm: f32,
}

@group(0) @binding(0) var<storage, read> gradients: array<u32>; // words; floats, judged by their bits
@group(0) @binding(1) var<storage, read_write> clip: array<f32>; // norm, factor
@group(0) @binding(2) var<storage, read_write> bad: array<u32>; // 1 or 0, first bad element or NONE
@group(0) @binding(3) var<storage, read_write> chunkSums: array<vec4<u32>>; // chunks, packed Squares
@group(0) @binding(4) var<uniform> params: Params;

const CHUNK: u32 = 4096u;
/// Invocations of a workgroup that reads a chunk; a power of two from 32 to 128.
override WORKGROUP: u32 = 128u;
override FOURS: u32 = CHUNK / WORKGROUP / 4u;
const INFINITY: u32 = 0x7f800000u;

struct Squares {
  /// Bits of the largest magnitude; INFINITY or more once NaN or an infinity was seen.
  top: u32,
  /// sum (x / 2^(fieldOf(top) - 127))^2 over the finite elements
  sum: f32,
  /// First element that is NaN or infinite.
  firstBad: u32,
}

var<workgroup> folds: array<Squares, WORKGROUP>;

/// Exponent field of a scale; its inverse, 254 - field, is a normal number's as well.
fn fieldOf(top: u32) -> u32 {
  return clamp(top >> 23u, 1u, 253u);
}

fn power(field: u32) -> f32 {
  return bitcast<f32>(field << 23u);
}

/// A sum under the scale of `field`, under the larger one of `to`.
fn rescaled(sum: f32, field: u32, to: u32) -> f32 {
  return sum * power(127u - 2u * min(to - field, 63u)); // 2^-126 leaves nothing that counts
}

fn add(a: Squares, b: Squares) -> Squares {
  let top = max(a.top, b.top);
  let field = fieldOf(top);
  let sum = rescaled(a.sum, fieldOf(a.top), field) + rescaled(b.sum, fieldOf(b.top), field);
  return Squares(top, sum, min(a.firstBad, b.firstBad));
}

/// This lane's elements of a chunk; those of neighbouring lanes lie side by side.
fn readElements(chunk: u32, lane: u32) -> Squares {
  var mine = Squares(0u, 0.0, NONE);
  for (var i = 0u; i < FOURS; i++) {
    let at = chunk * CHUNK + lane + WORKGROUP * (4u * i + vec4<u32>(0u, 1u, 2u, 3u));
    if (at.x >= params.words) {
      break;
    }
    let near = min(at, vec4<u32>(params.words - 1u));
    let words = vec4<u32>(gradients[near.x], gradients[near.y], gradients[near.z], gradients[near.w]);
    var bits = select(vec4<u32>(0u), words & vec4<u32>(0x7fffffffu), at < vec4<u32>(params.words));
    let top = max(mine.top, highest(bits));
    if (top > mine.top) {
      mine.sum = rescaled(mine.sum, fieldOf(mine.top), fieldOf(top));
      mine.top = top;
    }
    if (highest(bits) >= INFINITY) {
      let isBad = bits >= vec4<u32>(INFINITY);
      mine.firstBad = min(mine.firstBad, lowest(select(vec4<u32>(NONE), at, isBad)));
      bits = select(bits, vec4<u32>(0u), isBad);
    }
    let scaled = bitcast<vec4<f32>>(bits) * power(254u - fieldOf(mine.top));
    mine.sum += dot(scaled, scaled);
  }
  return mine;
}

/// Adds up one Squares per lane; valid in lane 0. To be called by all lanes.
fn foldWorkgroup(lane: u32, mine: Squares) -> Squares {
  folds[lane] = mine;
  workgroupBarrier();
  if (lane < 16u) {
    var sum = mine;
    for (var other = lane + 16u; other < WORKGROUP; other += 16u) {
      sum = add(sum, folds[other]);
    }
    folds[lane] = sum;
  }
  workgroupBarrier();
  var whole = folds[0];
  if (lane == 0u) {
    for (var other = 1u; other < 16u; other++) {
      whole = add(whole, folds[other]);
    }
  }
  return whole;
}

// 1. Each workgroup reads a chunk.
@compute @workgroup_size(WORKGROUP)
fn partials(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let chunk = workgroupNumber(group, groups);
  if (chunk * CHUNK >= params.words) {
    return;
  }
  let whole = foldWorkgroup(lane, readElements(chunk, lane));
  if (lane == 0u) {
    chunkSums[chunk] = vec4<u32>(whole.top, bitcast<u32>(whole.sum), whole.firstBad, 0u);
  }
}

// 2. One workgroup adds up the chunks.
@compute @workgroup_size(WORKGROUP)
fn combine(@builtin(local_invocation_index) lane: u32) {
  var mine = Squares(0u, 0.0, NONE);
  for (var chunk = lane; chunk < (params.words + CHUNK - 1u) / CHUNK; chunk += WORKGROUP) {
    let words = chunkSums[chunk];
    mine = add(mine, Squares(words.x, bitcast<f32>(words.y), words.z));
  }
  let whole = foldWorkgroup(lane, mine);
  if (lane == 0u) {
    let root = sqrt(whole.sum);
    let field = fieldOf(whole.top);
    // The exponent of root * 2^(field - 127), known before it is computed: it may be beyond float32.
    let tooLarge = (bitcast<u32>(root) >> 23u) + field > 254u + 127u;
    let isBad = whole.top >= INFINITY || tooLarge;
    let norm = root * power(select(field, 1u, isBad));
    let factor = min(1.0, params.maxNorm / (norm + 1e-6));
    clip[0] = select(norm, -1.0, isBad);
    clip[1] = select(0.0, factor, !isBad && factor >= 1.17549435e-38);
    bad[0] = select(0u, 1u, isBad);
    bad[1] = whole.firstBad;
  }
}
