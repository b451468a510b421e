// AdamW: one step of all parameters, with decoupled weight decay and the gradients scaled by clip[1].
// words gradients; rows of (first, length, decay) -> words parameters, means, squares, in place.
// m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= lr (wd decay p + m' / (sqrt v' + epsilon)), where
// m' = m / (1 - b1^t), v' = v / (1 - b2^t); params holds what is made of b1, b2, t and lr in float64.

struct Params {
  segments: u32,
  words: u32,
  rate: f32, // lr / (1 - b1^t)
  shrink: f32, // lr wd
  keepMean: f32, // b1
  addMean: f32, // 1 - b1
  keepSquare: f32, // b2
  addSquare: f32, // 1 - b2
  rootScale: f32, // 1 / sqrt(1 - b2^t)
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> gradients: array<f32>; // words
@group(0) @binding(1) var<storage, read> segments: array<u32>; // segments x (first, length, decay: 0 or 1)
@group(0) @binding(2) var<storage, read> clip: array<f32>; // norm, factor; factor 0: no step
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>; // words
@group(0) @binding(4) var<storage, read_write> means: array<f32>; // words
@group(0) @binding(5) var<storage, read_write> squares: array<f32>; // words
@group(0) @binding(6) var<uniform> params: Params;

/// Invocations of a workgroup.
override WORKGROUP: u32 = 128u;
/// Gradients are held here, so that their squares are finite.
const LARGEST_GRADIENT: f32 = 1e18;

// A workgroup takes a segment.
@compute @workgroup_size(WORKGROUP)
fn update(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let segment = workgroupNumber(group, groups);
  let factor = clip[1];
  // The gradients may be NaN if the factor is 0: nothing is computed from them.
  if (segment >= params.segments || factor == 0.0) {
    return;
  }
  let first = segments[3u * segment];
  let end = min(first + segments[3u * segment + 1u], params.words);
  let shrink = select(0.0, params.shrink, segments[3u * segment + 2u] != 0u);
  for (var i = first + lane; i < end; i += WORKGROUP) {
    let g = clamp(gradients[i] * factor, -LARGEST_GRADIENT, LARGEST_GRADIENT);
    let mean = params.keepMean * means[i] + params.addMean * g;
    let square = params.keepSquare * squares[i] + params.addSquare * g * g;
    means[i] = mean;
    squares[i] = square;
    if (params.rate > 0.0) {
      let p = parameters[i];
      let root = sqrt(square) * params.rootScale;
      parameters[i] = p - (shrink * p + params.rate * (mean / (root + params.epsilon)));
    }
  }
}
