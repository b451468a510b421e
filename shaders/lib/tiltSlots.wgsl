// Where the sums are that a search for the best tilt needs. For each expert there is a slot of the large model, one
// of the small model and one of the expert itself; then one for every point of the grid. Every tile of a row has sums
// of its own in each; `join` makes them the row's.
// The file that follows declares what shaders/fuseLogits.wgsl does.

fn tilesPerRow() -> u32 {
  return (params.vocab + TILE - 1u) / TILE;
}

/// Lines of points along one expert; in a joint search one for each combination of the others' alphas.
fn lineCount() -> u32 {
  if (params.search != JOINT) {
    return params.experts;
  }
  var lines = 1u;
  for (var t = 1u; t < params.experts; t++) {
    lines *= params.count;
  }
  return lines;
}

fn pointCount() -> u32 {
  return lineCount() * params.count;
}

fn slotCount() -> u32 {
  return 3u * params.experts + pointCount();
}

/// Is the first point along each expert the large model itself? Then it is not summed twice.
fn startsUntilted() -> bool {
  return params.low == 0.0 && params.search != JOINT;
}

fn unit(expert: u32) -> vec3<f32> {
  return select(vec3<f32>(0.0), vec3<f32>(1.0), vec3<u32>(0u, 1u, 2u) == vec3<u32>(expert));
}

fn alphasOf(point: u32) -> vec3<f32> {
  if (params.search != JOINT) {
    return (params.low + f32(point % params.count) * params.step) * unit(point / params.count);
  }
  // The last expert's alpha runs fastest.
  var rest = point;
  var alphas = vec3<f32>(0.0);
  for (var t = params.experts; t > 0u; t--) {
    alphas += (params.low + f32(rest % params.count) * params.step) * unit(t - 1u);
    rest /= params.count;
  }
  return alphas;
}

/// Of e^x, its sums from `top + high`: 1, the shift along the line, and then what the search asks for, see tiltSums.wgsl.
struct Sums {
  /// The model's largest logit.
  top: f32,
  high: f32,
  moments: vec4<f32>,
}

fn momentCount() -> u32 {
  return select(select(4u, 3u, params.search == JOINT), 2u, params.search == GRID);
}

/// Planes of `partials`: `high`, and the moments. Slot number slotCount() is the tile's own: its largest logits, large and
/// small, and whether it is bad.
fn addressOf(row: u32, plane: u32, slot: u32, tile: u32) -> u32 {
  return ((row * 5u + plane) * (slotCount() + 1u) + slot) * tilesPerRow() + tile;
}

fn load(row: u32, slot: u32, tile: u32) -> Sums {
  let ofSmall = slot >= params.experts && slot < 3u * params.experts;
  var sums = Sums(
    partials[addressOf(row, select(0u, 1u, ofSmall), slotCount(), tile)],
    partials[addressOf(row, 0u, slot, tile)],
    vec4<f32>(0.0),
  );
  sums.moments.x = partials[addressOf(row, 1u, slot, tile)];
  sums.moments.y = partials[addressOf(row, 2u, slot, tile)];
  if (params.search != GRID) {
    sums.moments.z = partials[addressOf(row, 3u, slot, tile)];
  }
  if (params.search == REFINED) {
    sums.moments.w = partials[addressOf(row, 4u, slot, tile)];
  }
  return sums;
}

fn joined(a: Sums, b: Sums) -> Sums {
  let top = max(a.top, b.top);
  let left = a.high + (a.top - top);
  let right = b.high + (b.top - top);
  let high = max(left, right);
  let moments = a.moments * exp(below(left, high)) + b.moments * exp(below(right, high));
  return Sums(top, high, moments);
}

var<workgroup> joining: array<Sums, LANES>;

// The sums of a row: where those of its first tile were, from the largest logits of the row.
@compute @workgroup_size(LANES)
fn join(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = workgroupNumber(group, groups);
  if (index >= params.rows * slotCount()) {
    return;
  }
  let row = index / slotCount();
  let slot = index % slotCount();
  var mine = Sums(NOTHING, 0.0, vec4<f32>(0.0));
  for (var tile = lane; tile < tilesPerRow(); tile += LANES) {
    mine = joined(mine, load(row, slot, tile));
  }
  joining[lane] = mine;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      mine = joined(mine, joining[lane + half]);
      joining[lane] = mine;
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    partials[addressOf(row, 0u, slot, 0u)] = mine.high;
    for (var moment = 0u; moment < momentCount(); moment++) {
      partials[addressOf(row, 1u + moment, slot, 0u)] = mine.moments[moment];
    }
  }
}
