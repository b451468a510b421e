// What a search for the best tilt needs of a row of several models' logits, in one reading: for every point of its grid
// the sum over the vocabulary of e^x, x the tilted logit, and that of e^x times the shift; where the search goes on between
// points its square and its cube, and in a joint search what the other experts add. Along a line x grows evenly, so of 24
// e^x two are exponentials and the others products of them.
// The file that follows declares what shaders/fuseLogits.wgsl does.

/// Points of a line that are summed together, from the middle: so far their e^x are no further from it than half as many
/// steps.
const LINE: u32 = 24u;
const HALF: u32 = LINE / 2u;
const STEPS: vec4<f32> = vec4<f32>(0.0, 1.0, 2.0, 3.0);
/// Exponents of one line change by no more than this: where the middle's e^x is 0, those of its ends are next to nothing
/// beside the largest, which lies by a quarter of it at most below the line from which they are taken.
const MOST_TURN: f32 = 90.0;

/// All lanes: the small model and every expert, and the large model unless the grid begins with it.
fn sumModels(tile: Tile, lane: u32) {
  var large = vec4<f32>(0.0); // the shifts' sums, and its own
  var small = vec4<f32>(0.0);
  var own = vec3<f32>(0.0);
  var ownShifted = vec3<f32>(0.0);
  for (var i = lane; i < tile.columns; i += LANES) {
    let shift = shiftsAt(tile, i);
    let x = heldSmall[i] - tile.topSmall;
    small += exp(max(x, -200.0)) * vec4<f32>(shift, 1.0);
    let y = max(x + shift - tile.ofExpert, vec3<f32>(-200.0));
    var e = vec3<f32>(0.0);
    e.x = exp(y.x);
    if (EXPERTS > 1u) {
      e = exp(y);
    }
    own += e;
    ownShifted += e * shift;
  }
  // A renderer in software walks through a branch also when no lane takes it, but not through a loop again and again.
  for (var i = lane; i < select(0u, tile.columns, !startsUntilted()); i += LANES) {
    large += exp(below(heldLarge[i], tile.top)) * vec4<f32>(shiftsAt(tile, i), 1.0);
  }
  let six = Six(
    vec4<f32>(large.w),
    large,
    vec4<f32>(small.w),
    small,
    vec4<f32>(own, 0.0),
    vec4<f32>(ownShifted, 0.0),
  );
  fold(Target(MODELS, tile.row, tile.tile, 0u, 0u, 0u), lane, six);
  if (lane < params.experts) {
    for (var kind = 0u; kind < 3u; kind++) {
      let high = select(0.0, tile.ofExpert[lane], kind == 2u);
      partials[addressOf(tile.row, 0u, kind * params.experts + lane, tile.tile)] = high;
    }
  }
}

/// Points along an expert; `rest` are the others' alphas.
struct Line {
  number: u32,
  along: vec3<f32>,
  rest: vec3<f32>,
  /// What exponents are taken from, low + k rise at point k: no exponent is above, for a largest one is convex in alpha.
  low: f32,
  rise: f32,
  /// Are shifts so close together that products will do?
  even: bool,
}

/// All lanes.
fn lineOf(tile: Tile, number: u32, lane: u32) -> Line {
  let joint = params.search == JOINT;
  let expert = select(number, params.experts - 1u, joint);
  let along = unit(expert);
  var rest = vec3<f32>(0.0);
  var ends = vec2<f32>(dot(tile.atFirst, along), dot(tile.atLast, along));
  if (joint) {
    rest = alphasOf(number * params.count) * (vec3<f32>(1.0) - along);
    ends = vec2<f32>(NOTHING);
    for (var i = lane; i < tile.columns; i += LANES) {
      let shift = shiftsAt(tile, i);
      let x = heldLarge[i] - tile.top + dot(rest, shift);
      let d = dot(along, shift);
      ends = max(ends, vec2<f32>(x + params.low * d, x + lastAlpha() * d));
    }
    let none = vec4<f32>(0.0);
    let six = Six(vec4<f32>(ends, 0.0, 0.0), none, none, none, none, none);
    fold(Target(LARGEST, tile.row, tile.tile, 0u, 0u, 0u), lane, six);
    workgroupBarrier();
    ends = largest[0].xy;
  }
  let rise = (ends.y - ends.x) / max(f32(params.count) - 1.0, 1.0);
  let turn = params.step * dot(along, tile.width);
  let even = f32(max(params.count, LINE) - 1u) * turn < MOST_TURN;
  return Line(number, along, rest, ends.x, rise, even);
}

/// e^x of 24 points; at the middle x, and by `turn` more from one to the next.
fn products(x: f32, turn: f32) -> Six {
  // Beyond this is only what no model says.
  let r = exp(clamp(turn, -4.0, 4.0));
  let q = 1.0 / r;
  let r2 = r * r;
  let q2 = q * q;
  let r4 = r2 * r2;
  let q4 = q2 * q2;
  let d = exp(x) * vec4<f32>(1.0, r, r2, r2 * r);
  let e = d * r4;
  let c = d * q4;
  let b = c * q4;
  return Six(b * q4, b, c, d, e, e * r4);
}

/// The same, each by itself.
fn exponentials(x: f32, turn: f32) -> Six {
  return Six(
    four(x, turn, -12.0),
    four(x, turn, -8.0),
    four(x, turn, -4.0),
    four(x, turn, 0.0),
    four(x, turn, 4.0),
    four(x, turn, 8.0),
  );
}

fn four(x: f32, turn: f32, k: f32) -> vec4<f32> {
  return exp(clamp(x + (k + STEPS) * turn, vec4<f32>(-200.0), vec4<f32>(80.0)));
}

fn plus(s: Six, t: Six, share: f32) -> Six {
  return Six(
    s.a + t.a * share,
    s.b + t.b * share,
    s.c + t.c * share,
    s.d + t.d * share,
    s.e + t.e * share,
    s.f + t.f * share,
  );
}

/// Moments of 24 points.
struct Moments {
  plain: Six,
  first: Six,
  second: Six,
  third: Six,
}

fn including(sums: Moments, e: Six, shift: f32, others: f32) -> Moments {
  let plain = plus(sums.plain, e, 1.0);
  let first = plus(sums.first, e, shift);
  if (MOMENTS == 2u) {
    return Moments(plain, first, sums.second, sums.third);
  }
  let other = select(shift * shift, others, params.search == JOINT);
  return Moments(plain, first, plus(sums.second, e, other), plus(sums.third, e, other * shift));
}

/// Of a column: the exponent at the middle of a line's points, how it changes from one to the next, and shifts.
struct Column {
  x: f32,
  turn: f32,
  shift: f32,
  others: f32,
}

fn columnAt(tile: Tile, line: Line, middle: f32, i: u32) -> Column {
  let shifts = shiftsAt(tile, i);
  let shift = dot(line.along, shifts);
  let others = dot(line.rest, shifts);
  let tilt = (params.low + middle * params.step) * shift + others;
  let x = heldLarge[i] - tile.top + tilt - (line.low + middle * line.rise);
  return Column(clamp(x, -200.0, 80.0), params.step * shift - line.rise, shift, others);
}

/// All lanes: up to 24 points of a line.
fn sumPoints(tile: Tile, line: Line, begin: u32, lane: u32) {
  let middle = f32(begin + HALF);
  let none = vec4<f32>(0.0);
  let nothing = Six(none, none, none, none, none, none);
  var sums = Moments(nothing, nothing, nothing, nothing);
  for (var i = lane; i < select(0u, tile.columns, line.even); i += LANES) {
    let column = columnAt(tile, line, middle, i);
    sums = including(sums, products(column.x, column.turn), column.shift, column.others);
  }
  for (var i = lane; i < select(tile.columns, 0u, line.even); i += LANES) {
    let column = columnAt(tile, line, middle, i);
    sums = including(sums, exponentials(column.x, column.turn), column.shift, column.others);
  }

  let slot = 3u * params.experts + line.number * params.count + begin;
  let count = min(LINE, params.count - begin);
  var to = Target(POINTS, tile.row, tile.tile, 1u, slot, count);
  fold(to, lane, sums.plain);
  to.plane = 2u;
  fold(to, lane, sums.first);
  if (MOMENTS > 2u) {
    to.plane = 3u;
    fold(to, lane, sums.second);
    to.plane = 4u;
    fold(to, lane, sums.third);
  }
  for (var point = lane; point < count; point += LANES) {
    let start = line.low + f32(begin + point) * line.rise;
    partials[addressOf(tile.row, 0u, slot + point, tile.tile)] = start;
  }
}

@compute @workgroup_size(LANES)
fn sums(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroupNumber(group, groups);
  if (index >= params.rows * tilesPerRow()) {
    return;
  }
  let tile = hold(index / tilesPerRow(), index % tilesPerRow(), lane);
  sumModels(tile, lane);
  for (var number = 0u; number < lineCount(); number++) {
    let line = lineOf(tile, number, lane);
    for (var begin = 0u; begin < params.count; begin += LINE) {
      sumPoints(tile, line, begin, lane);
    }
  }
}
