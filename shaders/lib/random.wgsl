// Threefry-2x32 with 20 rounds (Salmon et al., SC 2011): random words by address instead of by state. Twin
// of src/core/rng.ts: the same bits. A draw's address is (seed, run | step, row).

fn rotateLeft(x: u32, by: u32) -> u32 {
  return (x << by) | (x >> (32u - by));
}

/// Two random words for a counter under a key.
fn threefry2x32(key: vec2<u32>, counter: vec2<u32>) -> vec2<u32> {
  var rotations = array<u32, 8>(13u, 15u, 26u, 6u, 17u, 29u, 16u, 24u);
  var keys = array<u32, 3>(key.x, key.y, 0x1bd11bdau ^ key.x ^ key.y);
  var x = counter + key;
  for (var round = 0u; round < 20u; round++) {
    x.x += x.y;
    x.y = rotateLeft(x.y, rotations[round % 8u]) ^ x.x;
    if (round % 4u == 3u) {
      let s = (round + 1u) / 4u;
      x.x += keys[s % 3u];
      x.y += keys[(s + 1u) % 3u] + s;
    }
  }
  return x;
}

/// 24 random bits: the uniform number of `uniform` in src/core/rng.ts is this times 2^-24.
fn uniform24(seed: u32, run: u32, step: u32, row: u32) -> u32 {
  return threefry2x32(vec2<u32>(seed, run), vec2<u32>(step, row)).x >> 8u;
}
