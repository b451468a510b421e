// Logits as words. WGSL may assume that no float is NaN or infinite, and may flush denormals, so logits are
// bound as u32, judged and ordered by their bits, and become floats only when they are known to be finite.
// Twin of src/kernels/rows.ts: -Infinity and anything below -1e30 is "never" and counts as -1e30.

const NONE: u32 = 0xffffffffu;
/// Bits of -1e30; as unsigned words, negative floats grow with their magnitude.
const NEVER_BITS: u32 = 0xf149f2cau;
/// Keys of logits lie in [NEVER_KEY, LARGEST_KEY]. 0 is no logit; BAD_KEY is NaN or +Infinity.
const NEVER_KEY: u32 = 0x0eb60d35u;
const LARGEST_KEY: u32 = 0xff7fffffu;
const BAD_KEY: u32 = 0xffffffffu;

/// Unsigned order of keys = order of logits; -0 and 0 are equal; a bad logit is above all others.
fn sortKeys(bits: vec4<u32>) -> vec4<u32> {
  let sign = vec4<u32>(0x80000000u);
  let positiveBad = bits - vec4<u32>(0x7f800000u) < vec4<u32>(0x800000u);
  let negativeNan = bits > vec4<u32>(0xff800000u);
  let finite = select(min(bits, vec4<u32>(NEVER_BITS)), vec4<u32>(0u), bits == sign);
  let keys = select(finite | sign, ~finite, finite >= sign);
  return select(keys, vec4<u32>(BAD_KEY), positiveBad | negativeNan);
}

/// The logits of keys; finite for every key.
fn keyValues(keys: vec4<u32>) -> vec4<f32> {
  let k = clamp(keys, vec4<u32>(NEVER_KEY), vec4<u32>(LARGEST_KEY));
  return bitcast<vec4<f32>>(select(~k, k & vec4<u32>(0x7fffffffu), k >= vec4<u32>(0x80000000u)));
}

fn sortKey(bits: u32) -> u32 {
  return sortKeys(vec4<u32>(bits)).x;
}

fn keyValue(key: u32) -> f32 {
  return keyValues(vec4<u32>(key)).x;
}

fn highest(four: vec4<u32>) -> u32 {
  let pair = max(four.xy, four.zw);
  return max(pair.x, pair.y);
}

fn lowest(four: vec4<u32>) -> u32 {
  let pair = min(four.xy, four.zw);
  return min(pair.x, pair.y);
}

/// a - b for logits a <= b, held above -200: exp of less is 0 anyway, and products with it stay finite.
fn below(a: f32, b: f32) -> f32 {
  return max(a - b, -200.0);
}
