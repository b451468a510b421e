// Adds one array to another, in place: words more -> words sums. Gradients of one micro-batch after the other.

struct Params {
  words: u32,
}

@group(0) @binding(0) var<storage, read> more: array<f32>;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

/// Words that one workgroup adds; a multiple of 256.
override WORDS: u32 = 1024u;

@compute @workgroup_size(256)
fn add(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = workgroupNumber(group, groups) * WORDS;
  for (var word = first + lane; word < min(first + WORDS, params.words); word += 256u) {
    sums[word] += more[word];
  }
}
