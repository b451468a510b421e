// Rows and first positions of a KV cache: result[b, h, t, d] = cache[index[b], h, t, d] for t < length.
// rows x heads x positions x width words -> batch x heads x length x width words.

struct Params {
  batch: u32,
  heads: u32,
  positions: u32,
  length: u32,
  width: u32,
}

@group(0) @binding(0) var<storage, read> cache: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<u32>; // batch, each a row of the cache
@group(0) @binding(2) var<storage, read_write> result: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

/// Words that one workgroup copies; a multiple of 256.
override WORDS: u32 = 1024u;

@compute @workgroup_size(256)
fn gather(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let run = params.length * params.width; // words of one head that are kept, side by side in both
  let total = params.batch * params.heads * run;
  let first = workgroupNumber(group, groups) * WORDS;
  for (var word = first + lane; word < min(first + WORDS, total); word += 256u) {
    let line = word / run; // b x heads + h
    let source = index[line / params.heads] * params.heads + line % params.heads;
    result[word] = cache[source * params.positions * params.width + word % run];
  }
}
