// Fully connected networks and their learning rules: the arithmetic alone, that of the package gevb.
//
// A network is { K, outputs, vectorized, nonnegative, layers }, a layer { inputs, units, first, weight,
// bias, gating }, laid out as in gevb: weight (units, inputs), or (K, units, inputs) in the first layer,
// whose components have weights of their own; bias and gating (K, units), the output layer without
// gating. Activations of B examples are (B, K, units). A conventional network is the case K = 1.
// Equation numbers are those of Clark, Abbott and Chung (2021).
"use strict";
function networkModule() {
  const zeros = (n) => new Float64Array(n);

  // out[k] = sum_j u[from + j] v[starts[k] + j] for the first of the starts, four at a time.
  function products(u, from, v, starts, count, n, out) {
    let k = 0;
    for (; k + 4 <= count; k += 4) {
      const s0 = starts[k], s1 = starts[k + 1], s2 = starts[k + 2], s3 = starts[k + 3];
      let p0 = 0, p1 = 0, p2 = 0, p3 = 0;
      for (let j = 0; j < n; j++) {
        const value = u[from + j];
        p0 += value * v[s0 + j];
        p1 += value * v[s1 + j];
        p2 += value * v[s2 + j];
        p3 += value * v[s3 + j];
      }
      out[k] = p0;
      out[k + 1] = p1;
      out[k + 2] = p2;
      out[k + 3] = p3;
    }
    for (; k < count; k++) {
      const start = starts[k];
      let p = 0;
      for (let j = 0; j < n; j++) p += u[from + j] * v[start + j];
      out[k] = p;
    }
  }

  // h = Wx + b in the first layer. The gate's t.h is computed first, by one row for all components
  // (sum_mu t_mu w_mu), so that closed units cost no more than that.
  function forwardFirst({ inputs, units, weight, bias, gating }, K, x, B, a, open) {
    const row = zeros(inputs), h = zeros(B), listed = new Uint32Array(B), starts = new Uint32Array(B);
    const all = Uint32Array.from(listed, (_, b) => b * inputs);
    for (let i = 0; i < units; i++) {
      let shift = 0, n = 0;
      if (gating) {
        row.fill(0);
        for (let mu = 0; mu < K; mu++) {
          const t = gating[mu * units + i], at = (mu * units + i) * inputs;
          for (let j = 0; j < inputs; j++) row[j] += t * weight[at + j];
          shift += t * bias[mu * units + i];
        }
        products(row, 0, x, all, B, inputs, h);
      }
      for (let b = 0; b < B; b++) {
        if (gating && h[b] + shift < 0) continue;
        open[b * units + i] = 1;
        listed[n] = b;
        starts[n++] = b * inputs;
      }
      for (let mu = 0; mu < K; mu++) {
        products(weight, (mu * units + i) * inputs, x, starts, n, inputs, h);
        for (let k = 0; k < n; k++) a[(listed[k] * K + mu) * units + i] = bias[mu * units + i] + h[k];
      }
    }
  }

  // h_imu = sum_j w_ij a_jmu + b_imu in a later layer, over the open senders alone.
  function forwardLater({ inputs, units, weight, bias, gating }, K, below, senders, B, a, open) {
    const sent = zeros(K * inputs), row = zeros(inputs), h = zeros(K), listed = new Uint32Array(inputs);
    const starts = Uint32Array.from(h, (_, mu) => mu * inputs);
    for (let b = 0; b < B; b++) {
      let n = 0;
      for (let j = 0; j < inputs; j++) if (senders[b * inputs + j]) listed[n++] = j;
      for (let mu = 0; mu < K; mu++) {
        for (let k = 0; k < n; k++) sent[mu * inputs + k] = below[(b * K + mu) * inputs + listed[k]];
      }
      for (let i = 0; i < units; i++) {
        for (let k = 0; k < n; k++) row[k] = weight[i * inputs + listed[k]];
        products(row, 0, sent, starts, K, n, h);
        let gate = 0;
        for (let mu = 0; mu < K; mu++) {
          h[mu] += bias[mu * units + i];
          if (gating) gate += gating[mu * units + i] * h[mu];
        }
        if (!(gate >= 0)) continue;
        open[b * units + i] = 1;
        for (let mu = 0; mu < K; mu++) a[(b * K + mu) * units + i] = h[mu];
      }
    }
  }

  // Activations a = G(h) h and gates G(h) = [t.h >= 0] of every layer (Eq. 7, 8), for x of (B, inputs).
  // The last layer's activations are the logits, (B, classes), in either kind of network.
  function forward({ K, layers }, x, B) {
    const trace = { B, x, a: [], open: [] };
    layers.forEach((layer, l) => {
      const a = zeros(B * K * layer.units), open = new Uint8Array(B * layer.units);
      if (layer.first) forwardFirst(layer, K, x, B, a, open);
      else forwardLater(layer, K, trace.a[l - 1], trace.open[l - 1], B, a, open);
      trace.a.push(a);
      trace.open.push(open);
    });
    trace.logits = trace.a.at(-1);
    return trace;
  }

  function softmax(logits, B) {
    const classes = logits.length / B, p = zeros(logits.length);
    for (let b = 0; b < B; b++) {
      const at = b * classes;
      let top = -Infinity, total = 0;
      for (let k = 0; k < classes; k++) top = Math.max(top, logits[at + k]);
      for (let k = 0; k < classes; k++) total += p[at + k] = Math.exp(logits[at + k] - top);
      for (let k = 0; k < classes; k++) p[at + k] /= total;
    }
    return p;
  }

  // dL/dlogits of the mean softmax cross-entropy, e = (p - y) / B: the vector that is broadcast.
  function errorVector(logits, labels, B) {
    const classes = logits.length / B, e = softmax(logits, B);
    for (let b = 0; b < B; b++) {
      e[b * classes + labels[b]] -= 1;
      for (let k = 0; k < classes; k++) e[b * classes + k] /= B;
    }
    return e;
  }

  // The error as what is broadcast and what the output units are told: (e, 1) or (1, e).
  const readout = ({ vectorized }, error, B) => (vectorized
    ? { e: error, output: zeros(B).fill(1) } : { e: zeros(B).fill(1), output: error });

  // (B, units) times the weights (units, inputs) of a layer.
  function transposed(delta, weight, B, units, inputs) {
    const heard = zeros(B * inputs);
    for (let b = 0; b < B; b++) {
      for (let i = 0; i < units; i++) {
        const d = delta[b * units + i];
        if (d) for (let j = 0; j < inputs; j++) heard[b * inputs + j] += d * weight[i * inputs + j];
      }
    }
    return heard;
  }

  // What the units of every layer hear, (B, units) before the gate, and delta, the same behind it. They
  // hear 1 under GEVB (Eq. 9), the gradient's share under BP (Eq. 13), the same through fixed random
  // weights under FA (feedback: a matrix for every layer), and a fixed random mix of what the output
  // is told under DFA (feedback: { columns, matrix }).
  function feedback(network, rule, fixed, { B, open }, output) {
    const { layers, outputs } = network, heard = [], delta = [];
    for (let l = layers.length - 1; l >= 0; l--) {
      const { units } = layers[l], above = layers[l + 1];
      if (!above) heard[l] = output;
      else if (rule === "gevb") heard[l] = zeros(B * units).fill(1);
      else if (rule === "dfa") {
        heard[l] = zeros(B * units);
        for (let b = 0; b < B; b++) {
          for (let o = 0; o < outputs; o++) {
            const told = output[b * outputs + o], at = o * fixed.columns;
            for (let i = 0; i < units; i++) heard[l][b * units + i] += told * fixed.matrix[at + i];
          }
        }
      } else {
        const weight = rule === "fa" ? fixed[l + 1] : above.weight;
        heard[l] = transposed(delta[l + 1], weight, B, above.units, units);
      }
      delta[l] = above ? heard[l].map((value, i) => (open[l][i] ? value : 0)) : output;
    }
    return { heard, delta };
  }

  // sum_b delta_bi e_bmu and, in the first layer, sum_b delta_bi e_bmu x_bj, four examples at a time.
  function updateFirst({ inputs, units }, K, x, B, e, delta, weight) {
    const listed = new Uint32Array(B), factor = zeros(B + 3);
    for (let i = 0; i < units; i++) {
      let n = 0;
      for (let b = 0; b < B; b++) if (delta[b * units + i]) listed[n++] = b;
      for (let mu = 0; mu < K; mu++) {
        const at = (mu * units + i) * inputs;
        for (let k = 0; k < n; k++) factor[k] = delta[listed[k] * units + i] * e[listed[k] * K + mu];
        factor.fill(0, n, n + 3);
        for (let k = 0; k < n; k += 4) {
          const [f0, f1, f2, f3] = [factor[k], factor[k + 1], factor[k + 2], factor[k + 3]];
          const x0 = listed[k] * inputs, x1 = k + 1 < n ? listed[k + 1] * inputs : x0;
          const x2 = k + 2 < n ? listed[k + 2] * inputs : x0, x3 = k + 3 < n ? listed[k + 3] * inputs : x0;
          for (let j = 0; j < inputs; j++) {
            weight[at + j] += f0 * x[x0 + j] + f1 * x[x1 + j] + f2 * x[x2 + j] + f3 * x[x3 + j];
          }
        }
      }
    }
  }

  // sum_b delta_bi (e_b . a_bj), the contraction first.
  function updateLater({ inputs, units }, K, below, B, e, delta, weight) {
    const sent = zeros(inputs);
    for (let b = 0; b < B; b++) {
      sent.fill(0);
      for (let mu = 0; mu < K; mu++) {
        const error = e[b * K + mu], at = (b * K + mu) * inputs;
        for (let j = 0; j < inputs; j++) sent[j] += error * below[at + j];
      }
      for (let i = 0; i < units; i++) {
        const d = delta[b * units + i], at = i * inputs;
        if (d) for (let j = 0; j < inputs; j++) weight[at + j] += d * sent[j];
      }
    }
  }

  // The rule's update of every weight and bias in place of the gradient (Eq. 9, 14).
  const updates = ({ K, layers }, trace, e, delta) => layers.map((layer, l) => {
    const { B } = trace, { units } = layer;
    const weight = zeros(layer.weight.length), bias = zeros(layer.bias.length);
    if (layer.first) updateFirst(layer, K, trace.x, B, e, delta[l], weight);
    else updateLater(layer, K, trace.a[l - 1], B, e, delta[l], weight);
    for (let b = 0; b < B; b++) {
      for (let mu = 0; mu < K; mu++) {
        for (let i = 0; i < units; i++) bias[mu * units + i] += delta[l][b * units + i] * e[b * K + mu];
      }
    }
    return { weight, bias };
  });

  // All that a rule makes of one batch.
  function learn(network, rule, fixed, x, labels, B) {
    const trace = forward(network, x, B);
    const { e, output } = readout(network, errorVector(trace.logits, labels, B), B);
    const { heard, delta } = feedback(network, rule, fixed, trace, output);
    return { trace, e, output, heard, delta, gradients: updates(network, trace, e, delta) };
  }

  // torch.optim.SGD.
  class SGD {
    constructor(rate) { this.rate = rate; }

    step({ layers }, gradients) {
      layers.forEach((layer, l) => {
        for (const name of ["weight", "bias"]) {
          const value = layer[name], gradient = gradients[l][name];
          for (let k = 0; k < value.length; k++) value[k] -= this.rate * gradient[k];
        }
      });
    }
  }

  function adapt(value, gradient, m, v, size, root) {
    for (let k = 0; k < value.length; k++) {
      const g = gradient[k];
      m[k] += (g - m[k]) * (1 - .9);
      v[k] = v[k] * .999 + g * g * (1 - .999);
      value[k] -= size * m[k] / (Math.sqrt(v[k]) / root + 1e-8);
    }
  }

  // torch.optim.Adam, with its default constants.
  class Adam {
    constructor(rate) {
      this.rate = rate;
      this.steps = 0;
    }

    step({ layers }, gradients) {
      this.moments ??= layers.map(({ weight, bias }) => ({
        weight: [zeros(weight.length), zeros(weight.length)], bias: [zeros(bias.length), zeros(bias.length)],
      }));
      this.steps++;
      const size = this.rate / (1 - .9 ** this.steps), root = Math.sqrt(1 - .999 ** this.steps);
      layers.forEach((layer, l) => {
        for (const name of ["weight", "bias"]) {
          adapt(layer[name], gradients[l][name], ...this.moments[l][name], size, root);
        }
      });
    }
  }

  // Negative weights past the first layer become zero.
  const clamp = ({ layers }) => {
    for (const { first, weight } of layers) {
      if (!first) for (let k = 0; k < weight.length; k++) if (weight[k] < 0) weight[k] = 0;
    }
  };

  // A network from JSON, and a copy of one.
  const withLayers = (network, change) => ({ ...network, layers: network.layers.map((layer) => ({ ...layer, ...change(layer) })) });
  const typed = (network) => withLayers(network, ({ weight, bias, gating }) => ({
    weight: Float64Array.from(weight), bias: Float64Array.from(bias), gating: gating && Float64Array.from(gating),
  }));
  const copy = (network) => withLayers(network, ({ weight, bias }) => ({ weight: weight.slice(), bias: bias.slice() }));

  return { typed, copy, forward, softmax, errorVector, readout, feedback, updates, learn, SGD, Adam, clamp };
}
