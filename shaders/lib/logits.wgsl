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
fn sortKey(bits: u32) -> u32 {
  let positiveBad = bits >= 0x7f800000u && bits <= 0x7fffffffu;
  let negativeNan = bits > 0xff800000u;
  let finite = select(min(bits, NEVER_BITS), 0u, bits == 0x80000000u);
  let key = select(finite | 0x80000000u, ~finite, finite >= 0x80000000u);
  return select(key, BAD_KEY, positiveBad || negativeNan);
}

/// The logit of a key; finite for every key.
fn keyValue(key: u32) -> f32 {
  let k = clamp(key, NEVER_KEY, LARGEST_KEY);
  return bitcast<f32>(select(~k, k & 0x7fffffffu, k >= 0x80000000u));
}

/// a - b for logits a <= b, held above -200: exp of less is 0 anyway, and products with it stay finite.
fn below(a: f32, b: f32) -> f32 {
  return max(a - b, -200.0);
}
