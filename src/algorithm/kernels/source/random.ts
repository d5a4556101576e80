/** Philox4x32-10 in bulk: `random/philox.ts` with 64-bit products. */

/** State of a block being made; threads have their own instance, so module variables are theirs alone. */
let x0: u32 = 0;
let x1: u32 = 0;
let x2: u32 = 0;
let x3: u32 = 0;

@inline
function makeBlock(c0: u32, c1: u32, c2: u32, c3: u32, key0: u32, key1: u32): void {
  let y0 = c0;
  let y1 = c1;
  let y2 = c2;
  let y3 = c3;
  for (let round = 0; round < 10; round++) {
    const a = <u64>0xd2511f53 * <u64>y0;
    const b = <u64>0xcd9e8d57 * <u64>y2;
    y0 = <u32>(b >> 32) ^ y1 ^ key0;
    y1 = <u32>b;
    y2 = <u32>(a >> 32) ^ y3 ^ key1;
    y3 = <u32>a;
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  x0 = y0;
  x1 = y1;
  x2 = y2;
  x3 = y3;
}

/** `count` uniform integers below m, as `KeyedStream.below` draws them after `skip` words; returns the words used then. */
export function drawBelow(client: u32, round: u32, purpose: u32, key0: u32, key1: u32, skip: u32, m: u32, count: i32, out: usize): u32 {
  const least: u32 = (0 - m) % m;
  const end = out + (<usize>count << 2);
  let word = skip;
  if ((word & 3) != 0) makeBlock(word >> 2, client, round, purpose, key0, key1);
  while (out < end) {
    const lane = word & 3;
    if (lane == 0) makeBlock(word >> 2, client, round, purpose, key0, key1);
    word++;
    const product = <u64>(lane == 0 ? x0 : lane == 1 ? x1 : lane == 2 ? x2 : x3) * <u64>m;
    if (<u32>product < least) continue;
    store<u32>(out, <u32>(product >> 32));
    out += 4;
  }
  return word;
}
