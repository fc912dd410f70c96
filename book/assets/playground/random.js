// The package's random numbers: stream(seed, purpose) gives what gevb.seeds.stream gives (NumPy's
// SeedSequence into PyTorch's Mersenne Twister), and draws as PyTorch does on a processor, in float64.
"use strict";
function randomModule() {
  const crc32 = (text) => {
    let crc = -1;
    for (const letter of text) {
      crc ^= letter.charCodeAt(0);
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc >>> 0;
  };

  // SeedSequence([seed, crc]).generate_state(1), for seeds below 2^32.
  const mixed = (entropy) => {
    const pool = new Uint32Array(4);
    let constant = 0x43b0d7e5;
    const hash = (value) => {
      value ^= constant;
      constant = Math.imul(constant, 0x931e8875);
      value = Math.imul(value, constant);
      return value ^ (value >>> 16);
    };
    const mix = (x, y) => {
      const value = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y) | 0;
      return value ^ (value >>> 16);
    };
    pool.forEach((_, i) => { pool[i] = hash(entropy[i] ?? 0); });
    for (let from = 0; from < 4; from++) {
      for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
    }
    const value = Math.imul(pool[0] ^ 0x8b51f9dd, Math.imul(0x8b51f9dd, 0x58f38ded));
    return (value ^ (value >>> 16)) >>> 0;
  };

  class Stream {
    constructor(seed) { // the Mersenne Twister MT19937
      this.state = new Uint32Array(624);
      this.state[0] = seed;
      for (let i = 1; i < 624; i++) {
        const last = this.state[i - 1] ^ (this.state[i - 1] >>> 30);
        this.state[i] = Math.imul(1812433253, last) + i;
      }
      this.next = 624;
      this.spare = null; // the second of a pair of normal numbers
    }

    bits() {
      const { state } = this;
      if (this.next === 624) {
        for (let i = 0; i < 624; i++) {
          const both = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
          state[i] = state[(i + 397) % 624] ^ (both >>> 1) ^ (both & 1 ? 0x9908b0df : 0);
        }
        this.next = 0;
      }
      let y = state[this.next++];
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      return (y ^ (y >>> 18)) >>> 0;
    }

    // Uniform on [0, 1), with 53 bits.
    uniform() {
      const high = this.bits() & 0x1fffff;
      return (high * 2 ** 32 + this.bits()) * 2 ** -53;
    }

    uniforms(n) { return Float64Array.from({ length: n }, () => this.uniform()); }

    // torch.randn: pairs by Box and Muller; from 16 numbers on in blocks of 16, the last block anew.
    normals(n) {
      if (n < 16) return Float64Array.from({ length: n }, () => this.normal());
      const values = this.uniforms(n);
      const block = (start) => {
        for (let i = start; i < start + 8; i++) {
          const radius = Math.sqrt(-2 * Math.log(1 - values[i])), angle = 2 * Math.PI * values[i + 8];
          values[i] = radius * Math.cos(angle);
          values[i + 8] = radius * Math.sin(angle);
        }
      };
      for (let start = 0; start + 16 <= n; start += 16) block(start);
      if (n % 16) {
        values.set(this.uniforms(16), n - 16);
        block(n - 16);
      }
      return values;
    }

    normal() {
      if (this.spare !== null) {
        const value = this.spare;
        this.spare = null;
        return value;
      }
      const angle = 2 * Math.PI * this.uniform(), radius = Math.sqrt(-2 * Math.log1p(-this.uniform()));
      this.spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    }

    // torch.randint(below, (n,)).
    integers(below, n) { return Array.from({ length: n }, () => this.bits() % below); }

    // torch.randperm(n).
    permutation(n) {
      const order = Uint32Array.from({ length: n }, (_, i) => i);
      for (let i = 0; i < n - 1; i++) {
        const other = i + this.bits() % (n - i);
        [order[i], order[other]] = [order[other], order[i]];
      }
      return order;
    }
  }

  return { stream: (seed, purpose) => new Stream(mixed([seed, crc32(purpose)])) };
}
