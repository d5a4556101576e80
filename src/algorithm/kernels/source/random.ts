/** Philox4x32-10 in bulk: `random/philox.ts` with 64-bit products. */

/** Puts the high word of word * m at `out`; returns where the next one goes, the same place if it was rejected. */
@inline
function put(word: u32, m: u64, least: u32, out: usize): usize {
  const product = <u64>word * m;
  store<u32>(out, <u32>(product >> 32));
  return <u32>product < least ? out : out + 4;
}

/** `count` uniform integers below m, as `KeyedStream.below` draws them after `skip` words; returns the words used then. */
export function drawBelow(client: u32, round: u32, purpose: u32, key0: u32, key1: u32, skip: u32, m: u32, count: i32, out: usize): u32 {
  const least: u32 = (0 - m) % m;
  const wide: u64 = m;
  const end = out + (<usize>count << 2);
  let word = skip;
  while (out < end) {
    let x0 = word >> 2;
    let x1 = client;
    let x2 = round;
    let x3 = purpose;
    let k0 = key0;
    let k1 = key1;
    for (let i = 0; i < 10; i++) {
      const a = <u64>0xd2511f53 * <u64>x0;
      const b = <u64>0xcd9e8d57 * <u64>x2;
      x0 = <u32>(b >> 32) ^ x1 ^ k0;
      x1 = <u32>b;
      x2 = <u32>(a >> 32) ^ x3 ^ k1;
      x3 = <u32>a;
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    }
    const lane = word & 3;
    if (lane == 0 && out + 16 <= end) {
      out = put(x0, wide, least, out);
      out = put(x1, wide, least, out);
      out = put(x2, wide, least, out);
      out = put(x3, wide, least, out);
      word += 4;
    } else {
      // The beginning or the end: not all words of the block are wanted.
      if (lane == 0) {
        out = put(x0, wide, least, out);
        word++;
      }
      if (lane <= 1 && out < end) {
        out = put(x1, wide, least, out);
        word++;
      }
      if (lane <= 2 && out < end) {
        out = put(x2, wide, least, out);
        word++;
      }
      if (out < end) {
        out = put(x3, wide, least, out);
        word++;
      }
    }
  }
  return word;
}
