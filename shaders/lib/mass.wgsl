// Exact sums and shares of integer weights, beyond 32 bits: a mass is high * 2^24 + low, low below 2^24,
// below 2^46 in all. Twin of shareOf in src/kernels/sampleToken.ts.

struct Mass {
  high: u32,
  low: u32,
}
const LOW: u32 = 0xffffffu;
const NO_MASS = Mass(0u, 0u);

fn massOf(weight: u32) -> Mass {
  return Mass(weight >> 24u, weight & LOW);
}

/// high * 2^bits + low for any two words; bits <= 24.
fn massOfLimbs(high: u32, low: u32, bits: u32) -> Mass {
  let up = 24u - bits;
  let sum = ((high & ((1u << up) - 1u)) << bits) + (low & LOW);
  return Mass((high >> up) + (low >> 24u) + (sum >> 24u), sum & LOW);
}

fn plus(a: Mass, b: Mass) -> Mass {
  let low = a.low + b.low;
  return Mass(a.high + b.high + (low >> 24u), low & LOW);
}

/// a - b for b <= a.
fn minus(a: Mass, b: Mass) -> Mass {
  let borrow = select(0u, 1u, a.low < b.low);
  return Mass(a.high - b.high - borrow, (a.low - b.low) & LOW);
}

fn less(a: Mass, b: Mass) -> bool {
  return a.high < b.high || (a.high == b.high && a.low < b.low);
}

/// a * b for a and b up to 2^24.
fn times24(a: u32, b: u32) -> Mass {
  let a1 = a >> 12u;
  let a0 = a & 0xfffu;
  let b1 = b >> 12u;
  let b0 = b & 0xfffu;
  let middle = a1 * b0 + a0 * b1;
  let low = a0 * b0 + ((middle & 0xfffu) << 12u);
  return Mass(a1 * b1 + (middle >> 12u) + (low >> 24u), low & LOW);
}

/// copies * weight for copies <= 2^18 and weight <= 2^27.
fn copiesOf(copies: u32, weight: u32) -> Mass {
  let low = times24(copies, weight & LOW);
  return Mass(low.high + copies * (weight >> 24u), low.low);
}

/// total * share / 2^24, rounded down, or up if `up`; share <= 2^24.
fn shareOf(total: Mass, share: u32, up: bool) -> Mass {
  let low = times24(total.low, share);
  let rest = select(0u, 1u, up && low.low > 0u);
  return plus(times24(total.high, share), plus(massOf(low.high), massOf(rest)));
}

/// Least n >= 1 for which n * weight reaches `need`, at most 2^18.
fn leastCopies(weight: u32, need: Mass) -> u32 {
  var n = 0u;
  for (var bit = 1u << 17u; bit > 0u; bit >>= 1u) {
    if (less(copiesOf(n + bit, weight), need)) {
      n += bit;
    }
  }
  return n + 1u;
}

fn massValue(mass: Mass) -> f32 {
  return f32(mass.high) * 16777216.0 + f32(mass.low);
}
