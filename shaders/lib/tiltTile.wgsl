// A tile of a row's vocabulary as all models see it. Each lane holds columns of its own; the lanes meet to find what is
// largest among them, from which exponents are taken, and to add up.
// The file that follows declares what shaders/fuseLogits.wgsl does.

/// Shifts of the first expert, then of the next; the levels of the large model and of the small one.
var<workgroup> heldShifts: array<f32, TILE * EXPERTS>;
var<workgroup> heldLarge: array<f32, TILE>;
var<workgroup> heldSmall: array<f32, TILE>;
/// Columns here and there in the row: shifts, and 1 where there are any.
const SAMPLES: u32 = 8u;
var<workgroup> samples: array<vec4<f32>, SAMPLES>;

/// Six times four numbers.
struct Six {
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
  d: vec4<f32>,
  e: vec4<f32>,
  f: vec4<f32>,
}
const SIX: u32 = 6u;
/// Those of all lanes; then what every eighth lane has together or, with few lanes, room for those that are next.
var<workgroup> folded: array<vec4<f32>, SIX * LANES + 48>;
var<workgroup> largest: array<vec4<f32>, SIX>;
var<private> foldings: u32 = 0u;

/// What is done with six numbers.
struct Target {
  kind: u32,
  row: u32,
  tile: u32,
  /// Of a line's points.
  plane: u32,
  slot: u32,
  count: u32,
}
/// The largest of each component, in `largest`.
const LARGEST: u32 = 0u;
/// Sums and first moments of the large model, of the small one and of the experts, a component for each expert.
const MODELS: u32 = 1u;
/// A moment of up to 24 points of a line.
const POINTS: u32 = 2u;

fn merged(kind: u32, a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  return select(a + b, max(a, b), kind == LARGEST);
}

fn put(to: Target, which: u32, whole: vec4<f32>) {
  if (to.kind == LARGEST) {
    largest[which] = whole;
    return;
  }
  let models = to.kind == MODELS;
  let plane = select(to.plane, 1u + which % 2u, models);
  let first = select(4u * which, which / 2u * params.experts, models);
  let count = select(to.count, first + params.experts, models);
  for (var i = 0u; i < 4u; i++) {
    if (first + i < count) {
      partials[addressOf(to.row, plane, to.slot + first + i, to.tile)] = whole[i];
    }
  }
}

/// All lanes. Always in the same order: every eighth lane together, then these.
fn fold(to: Target, lane: u32, six: Six) {
  let parts = max(1u, LANES / 8u);
  // Few lanes meet only once: one half is written while the other may still be read.
  let begin = select(0u, foldings % 2u * SIX * LANES, parts == 1u);
  foldings++;
  let own = begin + lane;
  folded[own] = six.a;
  folded[own + LANES] = six.b;
  folded[own + 2u * LANES] = six.c;
  folded[own + 3u * LANES] = six.d;
  folded[own + 4u * LANES] = six.e;
  folded[own + 5u * LANES] = six.f;
  workgroupBarrier();
  for (var job = lane; job < SIX * parts; job += LANES) {
    let first = begin + job / parts * LANES;
    var whole = folded[first + job % parts];
    for (var other = job % parts + parts; other < LANES; other += parts) {
      whole = merged(to.kind, whole, folded[first + other]);
    }
    if (parts == 1u) {
      put(to, job, whole);
    } else {
      folded[SIX * LANES + job] = whole;
    }
  }
  if (parts > 1u) {
    workgroupBarrier();
    if (lane < SIX) {
      let first = SIX * LANES + lane * parts;
      var whole = folded[first];
      for (var other = 1u; other < parts; other++) {
        whole = merged(to.kind, whole, folded[first + other]);
      }
      put(to, lane, whole);
    }
  }
}

/// What a lane needs to know of the whole tile.
struct Tile {
  row: u32,
  tile: u32,
  columns: u32,
  /// The largest logits.
  top: f32,
  topSmall: f32,
  /// What the shifts of the row have in common, which means nothing: it is taken off.
  anchor: vec3<f32>,
  /// Of each expert, from `top` or `topSmall`: the largest exponent at the first point of its line, at the last, and of
  /// itself; and how far its shifts reach.
  atFirst: vec3<f32>,
  atLast: vec3<f32>,
  ofExpert: vec3<f32>,
  width: vec3<f32>,
}

fn lastAlpha() -> f32 {
  return params.low + f32(params.count - 1u) * params.step;
}

/// The shifts of a column, without what they have in common.
fn shiftsAt(tile: Tile, i: u32) -> vec3<f32> {
  var shifts = vec3<f32>(heldShifts[i], 0.0, 0.0);
  if (EXPERTS > 1u) {
    shifts = vec3<f32>(shifts.x, heldShifts[TILE + i], heldShifts[(EXPERTS - 1u) * TILE + i]);
  }
  return shifts - tile.anchor;
}

/// All lanes: reads the tile.
fn hold(row: u32, tile: u32, lane: u32) -> Tile {
  let first = tile * TILE;
  let columns = min(TILE, params.vocab - first);
  for (var i = lane; i < SAMPLES; i += LANES) {
    let sample = levelsAt(row, i * params.vocab / SAMPLES);
    samples[i] = select(vec4<f32>(sample.shift, 1.0), vec4<f32>(0.0), sample.never);
  }
  var about = vec4<f32>(NOTHING, NOTHING, 0.0, 0.0);
  var atFirst = vec3<f32>(NOTHING);
  var atLast = vec3<f32>(NOTHING);
  var ofExpert = vec3<f32>(NOTHING);
  var farthest = vec3<f32>(NOTHING);
  var nearest = vec3<f32>(NOTHING);
  for (var i = lane; i < columns; i += LANES) {
    let levels = levelsAt(row, first + i);
    let shift = levels.shift;
    for (var t = 0u; t < EXPERTS; t++) {
      heldShifts[t * TILE + i] = shift[t];
    }
    heldLarge[i] = levels.large;
    heldSmall[i] = levels.small;
    about.x = max(about.x, levels.large);
    about.y = max(about.y, levels.small);
    about.z = select(about.z, 1.0, levels.bad);
    atFirst = max(atFirst, levels.large + params.low * shift);
    atLast = max(atLast, levels.large + lastAlpha() * shift);
    ofExpert = max(ofExpert, levels.small + shift);
    farthest = max(farthest, select(shift, vec3<f32>(NOTHING), levels.never));
    nearest = max(nearest, select(-shift, vec3<f32>(NOTHING), levels.never));
  }
  let six = Six(
    about,
    vec4<f32>(atFirst, 0.0),
    vec4<f32>(atLast, 0.0),
    vec4<f32>(ofExpert, 0.0),
    vec4<f32>(farthest, 0.0),
    vec4<f32>(nearest, 0.0),
  );
  fold(Target(LARGEST, row, tile, 0u, 0u, 0u), lane, six);
  workgroupBarrier();
  var sampled = vec4<f32>(0.0);
  for (var i = 0u; i < SAMPLES; i++) {
    sampled += samples[i];
  }
  let anchor = sampled.xyz / max(1.0, sampled.w);
  let most = largest[0];
  if (lane < 3u) {
    partials[addressOf(row, lane, slotCount(), tile)] = most[lane];
  }
  return Tile(
    row,
    tile,
    columns,
    most.x,
    most.y,
    anchor,
    largest[1].xyz - most.x - params.low * anchor,
    largest[2].xyz - most.x - lastAlpha() * anchor,
    largest[3].xyz - most.y - anchor,
    max(vec3<f32>(0.0), largest[4].xyz + largest[5].xyz),
  );
}
