// Copies words: the benchmarks' yardstick. words source -> words target.

struct Params {
  words: u32,
}

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> copied: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

// One word per invocation, neighbours side by side.
@compute @workgroup_size(256)
fn copy(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let word = workgroupNumber(group, groups) * 256u + lane;
  if (word < params.words) {
    copied[word] = source[word];
  }
}
