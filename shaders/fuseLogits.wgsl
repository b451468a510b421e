// Logits of several models become one: large + sum_t a_t (expert_t - small) + contrast (large - small), in place
// of the large model's. The a_t are given, or solved here at every row (METHODS 4), on a grid or between its
// points, so that the tilted large model lies as far from where it was as the experts lie from the small model.
// rows x vocab logits of each model -> rows x 12 numbers, and the fused logits; each logit is read at most twice.
// Passes `sums` (lib/tiltSums.wgsl, of each tile), `join` (lib/tiltSlots.wgsl) and `solve` (lib/tiltSolve.wgsl) find the
// alphas, `combine` writes.

struct Params {
  rows: u32,
  vocab: u32,
  base: u32,
  pitch: u32,
  smallBase: u32,
  smallPitch: u32,
  expertBase1: u32,
  expertPitch1: u32,
  expertBase2: u32,
  expertPitch2: u32,
  expertBase3: u32,
  expertPitch3: u32,
  experts: u32, // 0 to 3; beyond them nothing is read
  search: u32,
  low: f32,
  step: f32,
  count: u32,
  alpha1: f32,
  alpha2: f32,
  alpha3: f32,
  contrast: f32,
}

@group(0) @binding(0) var<storage, read> small: array<u32>;
@group(0) @binding(1) var<storage, read> expert1: array<u32>;
@group(0) @binding(2) var<storage, read> expert2: array<u32>;
@group(0) @binding(3) var<storage, read> expert3: array<u32>;
@group(0) @binding(4) var<storage, read_write> logits: array<u32>; // the large model's
@group(0) @binding(5) var<storage, read_write> numbers: array<f32>; // rows x 12, see fuseLogits.ts
@group(0) @binding(6) var<storage, read_write> partials: array<f32>; // rows x 5 x (slots + 1) x tiles, see lib/tiltSlots.wgsl
@group(0) @binding(7) var<uniform> params: Params;

// What is searched.
const GIVEN: u32 = 0u;
const GRID: u32 = 1u;
const REFINED: u32 = 2u;
const JOINT: u32 = 3u;

override LANES: u32 = 64u;
// At least as many as params has, and, in pass `sums`, as the search needs. What is beyond costs nothing then.
override EXPERTS: u32 = 3u;
override MOMENTS: u32 = 4u;
/// Columns that are held at once: 20 bytes each.
const TILE: u32 = 448u;
/// Columns that a workgroup writes.
const SPAN: u32 = 512u;
const NUMBERS: u32 = 12u;
const NOTHING: f32 = -3e38;
/// Shifts are held within this, so that no square overflows.
const FARTHEST: f32 = 1e6;
const NO_SHIFT: f32 = 1e-7;
const HALVINGS: u32 = 24u;

/// One token as all models see it.
struct Levels {
  large: f32,
  small: f32,
  /// expert - small
  shift: vec3<f32>,
  /// NaN or +Infinity in any model.
  bad: bool,
  /// At least one model never says it, so the fused one does not either.
  never: bool,
}

/// The values of words that are numbers; what is as good as minus infinity is -1e30, and the rest something finite.
fn valuesOf(words: vec2<u32>) -> vec2<f32> {
  let numbers = min(words, vec2<u32>(NEVER_BITS));
  return bitcast<vec2<f32>>(select(numbers, vec2<u32>(0u), isHigh(words)));
}

/// Is a word positive and not a number?
fn isHigh(words: vec2<u32>) -> vec2<bool> {
  return words - vec2<u32>(0x7f800000u) < vec2<u32>(0x800000u);
}

fn anyBad(words: vec2<u32>) -> bool {
  return any(isHigh(words) | (words > vec2<u32>(0xff800000u)));
}

fn anyNever(words: vec2<u32>) -> bool {
  return any(words >= vec2<u32>(NEVER_BITS));
}

/// No branches: a renderer in software walks through them also when no lane takes them.
fn levelsAt(row: u32, column: u32) -> Levels {
  let pair = vec2<u32>(
    logits[params.base + row * params.pitch + column],
    small[params.smallBase + row * params.smallPitch + column],
  );
  var first = pair.yy;
  if (params.experts > 0u) {
    first.x = expert1[params.expertBase1 + row * params.expertPitch1 + column];
  }
  var bad = anyBad(pair);
  var never = anyNever(pair);
  let values = valuesOf(pair);
  var others = vec2<f32>(values.y);
  if (EXPERTS > 1u) {
    var third = pair.yy;
    if (params.experts > 1u) {
      first.y = expert2[params.expertBase2 + row * params.expertPitch2 + column];
    }
    if (params.experts > 2u) {
      third.x = expert3[params.expertBase3 + row * params.expertPitch3 + column];
    }
    bad = bad || anyBad(third);
    never = never || anyNever(third);
    others = vec2<f32>(valuesOf(first).y, valuesOf(third).x);
  }
  bad = bad || anyBad(first);
  never = never || anyNever(first);
  let shift = vec3<f32>(valuesOf(first).x, others) - values.y;
  let lowest = vec2<f32>(bitcast<f32>(NEVER_BITS));
  let levels = select(values, lowest, never);
  return Levels(
    levels.x,
    levels.y,
    select(clamp(shift, vec3<f32>(-FARTHEST), vec3<f32>(FARTHEST)), vec3<f32>(0.0), never),
    bad,
    never,
  );
}

@compute @workgroup_size(LANES)
fn combine(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroupNumber(group, groups);
  let spans = (params.vocab + SPAN - 1u) / SPAN;
  if (index >= params.rows * spans) {
    return;
  }
  let row = index / spans;
  var alphas = vec3<f32>(params.alpha1, params.alpha2, params.alpha3);
  if (params.search != GIVEN) {
    let at = row * NUMBERS;
    alphas = vec3<f32>(numbers[at], numbers[at + 1u], numbers[at + 2u]);
  }
  let first = index % spans * SPAN;
  let end = min(first + SPAN, params.vocab);
  for (var column = first + lane; column < end; column += LANES) {
    let levels = levelsAt(row, column);
    let contrast = params.contrast * (levels.large - levels.small);
    let fused = levels.large + dot(alphas, levels.shift) + contrast;
    let word = select(bitcast<u32>(fused), NEVER_BITS, levels.never);
    // NaN stays NaN, so that whoever reads the row next can tell.
    logits[params.base + row * params.pitch + column] = select(word, 0x7fc00000u, levels.bad);
  }
}
