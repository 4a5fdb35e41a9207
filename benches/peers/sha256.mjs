// SHA-256 of short texts in JavaScript alone (FIPS 180-4), to hex: for runtimes where a call of node:crypto is dear. Nothing is
// allocated but the result.
const K = new Int32Array(64);
const INITIAL = new Int32Array(8);
{
  const primes = [];
  for (let number = 2; primes.length < 64; number++) if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  primes.forEach((prime, index) => {
    K[index] = fraction(Math.cbrt(prime));
    if (index < 8) INITIAL[index] = fraction(Math.sqrt(prime));
  });
}
const W = new Int32Array(64);
const state = new Int32Array(8);
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const encoder = new TextEncoder();
let padded = new Uint8Array(256);

function block(start) {
  for (let at = 0, from = start; at < 16; at++, from += 4) W[at] = (padded[from] << 24) | (padded[from + 1] << 16) | (padded[from + 2] << 8) | padded[from + 3];
  for (let at = 16; at < 64; at++) {
    const x = W[at - 15];
    const y = W[at - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[at] = (W[at - 16] + s0 + W[at - 7] + s1) | 0;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (let at = 0; at < 64; at++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[at] + W[at]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0;
    d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

/** The hash of a text. */
export function sha256(text) {
  if (padded.length < text.length * 3 + 72) padded = new Uint8Array(text.length * 6 + 72);
  let length = 0;
  for (; length < text.length; length++) {
    const code = text.charCodeAt(length);
    if (code > 127) {
      length = encoder.encodeInto(text, padded).written;
      break;
    }
    padded[length] = code;
  }
  const end = (length + 72) & ~63;
  padded.fill(0, length, end);
  padded[length] = 0x80;
  const bits = length * 8;
  padded[end - 4] = bits >>> 24; padded[end - 3] = bits >>> 16; padded[end - 2] = bits >>> 8; padded[end - 1] = bits;
  state.set(INITIAL);
  for (let start = 0; start < end; start += 64) block(start);
  let hex = "";
  for (let at = 0; at < 8; at++) {
    const word = state[at];
    hex += HEX[word >>> 24] + HEX[(word >>> 16) & 255] + HEX[(word >>> 8) & 255] + HEX[word & 255];
  }
  return hex;
}
