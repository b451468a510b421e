// The random words of many addresses. draws x (seed, run, step, row) -> draws x 2 words.

struct Params {
  draws: u32,
}

@group(0) @binding(0) var<storage, read> addresses: array<vec4<u32>>; // draws
@group(0) @binding(1) var<storage, read_write> bits: array<vec2<u32>>; // draws
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn blocks(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let draw = workgroupNumber(group, groups) * 64u + lane;
  if (draw < params.draws) {
    let address = addresses[draw];
    bits[draw] = threefry2x32(address.xy, address.zw);
  }
}
