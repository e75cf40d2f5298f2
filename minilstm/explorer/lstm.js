// The LSTM: Eqs. 1-2 of the paper and the gates, one word at a time. The counterpart of minilstm/lstm.py: the same
// names, the same block order i, f, g, o. Weights may be float32; all sums and products are doubles.

const STATES = ["i", "f", "o", "C_tilde", "C", "h"]; // of a unit at a word
const BLOCKS = ["i", "f", "C_tilde", "o"]; // of rows in W, U and b

function sigmoid(z) {
  const e = Math.exp(-Math.abs(z)); // only ever of a negative number, so it cannot overflow
  return (z >= 0 ? 1 : e) / (1 + e);
}

// z += W x, for W of shape (z.length, x.length), row after row.
function addProduct(z, W, x) {
  const n = x.length;
  const even = n - (n % 4);
  for (let row = 0, k = 0; row < z.length; row++) {
    let a = 0, b = 0, c = 0, d = 0; // four sums at a time: the processor does not have to wait for the last
    let column = 0;
    for (; column < even; column += 4, k += 4) {
      a += W[k] * x[column];
      b += W[k + 1] * x[column + 1];
      c += W[k + 2] * x[column + 2];
      d += W[k + 3] * x[column + 3];
    }
    for (; column < n; column++, k++) a += W[k] * x[column];
    z[row] += a + b + (c + d);
  }
}

// One layer reads one word: the gates, then Eqs. 1-2. Each result has H numbers.
function step(x, h_prev, C_prev, { W, U, b }) {
  const H = h_prev.length;
  const z = Float64Array.from(b); // (4 * H)
  addProduct(z, W, x);
  addProduct(z, U, h_prev);
  const [i, f, o, C_tilde, C, h] = Array.from({ length: 6 }, () => new Float64Array(H));
  for (let u = 0; u < H; u++) {
    i[u] = sigmoid(z[u]);
    f[u] = sigmoid(z[H + u]);
    C_tilde[u] = Math.tanh(z[2 * H + u]);
    o[u] = sigmoid(z[3 * H + u]);
    C[u] = f[u] * C_prev[u] + i[u] * C_tilde[u]; // Eq. 1
    h[u] = o[u] * Math.tanh(C[u]); // Eq. 2
  }
  return { i, f, o, C_tilde, C, h };
}

// All layers read one word, each what the one below gives out.
//   before     {h, C} of each layer after the word before
//   intervene  (step, k): may change C and h of layer k before anything else sees them
function stepAll(x, before, layers, intervene = () => {}) {
  return layers.map((layer, k) => {
    const now = step(x, before[k].h, before[k].C, layer);
    intervene(now, k);
    x = now.h;
    return now;
  });
}

function zeroState(layers) {
  return layers.map(({ b }) => ({ h: new Float64Array(b.length / 4), C: new Float64Array(b.length / 4) }));
}
