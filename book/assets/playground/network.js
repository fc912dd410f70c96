// Networks and their learning rules: the arithmetic alone, that of the package gevb.
//
// A network is { K, outputs, vectorized, nonnegative, layers }. A layer stands for a convolution, whose
// kernel moves over an image of side x side positions and whose gated units are averaged over windows of
// pool x pool; a fully connected layer is one with a single position and place: side, kernel, pool 1. Its
// units (channels), those below (channels) and inputs = kernel^2 channels are counted for one position.
// weight is (units, inputs), or (K, units, inputs) in the first layer, whose components have weights
// of their own; its inputs go by row and column of the kernel, channels last. bias and gating are
// (K, units), the output layer without gating. What is frozen does not learn.
//
// Activations of B examples are (B, K, positions, units), gates and feedback (B, positions, units), both
// channels last, so that flattening copies nothing. A conventional network is the case K = 1.
// Equation numbers are those of Clark, Abbott and Chung (2021).
"use strict";
function networkModule() {
  const zeros = (n) => new Float64Array(n);

  // out[k] = sum_j u[from + j] v[starts[k] + j] for the first of the starts, five at a time.
  function products(u, from, v, starts, count, n, out) {
    let k = 0;
    for (; k + 5 <= count; k += 5) {
      const s0 = starts[k], s1 = starts[k + 1], s2 = starts[k + 2], s3 = starts[k + 3], s4 = starts[k + 4];
      let p0 = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0;
      for (let j = 0; j < n; j++) {
        const value = u[from + j];
        p0 += value * v[s0 + j];
        p1 += value * v[s1 + j];
        p2 += value * v[s2 + j];
        p3 += value * v[s3 + j];
        p4 += value * v[s4 + j];
      }
      out[k] = p0;
      out[k + 1] = p1;
      out[k + 2] = p2;
      out[k + 3] = p3;
      out[k + 4] = p4;
    }
    for (; k < count; k++) {
      const start = starts[k];
      let p = 0;
      for (let j = 0; j < n; j++) p += u[from + j] * v[start + j];
      out[k] = p;
    }
  }

  // out[at + j] += sum_k factors[k] v[starts[k] + j], four at a time; both lists have room for three more.
  function combine(factors, v, starts, count, n, out, at) {
    factors.fill(0, count, count + 3);
    starts.fill(starts[0], count, count + 3);
    for (let k = 0; k < count; k += 4) {
      const f0 = factors[k], f1 = factors[k + 1], f2 = factors[k + 2], f3 = factors[k + 3];
      const s0 = starts[k], s1 = starts[k + 1], s2 = starts[k + 2], s3 = starts[k + 3];
      for (let j = 0; j < n; j++) out[at + j] += f0 * v[s0 + j] + f1 * v[s1 + j] + f2 * v[s2 + j] + f3 * v[s3 + j];
    }
  }

  // What a window sees at each position: pairs, in a row, of a position below and a place in the kernel.
  const seen = {};
  const windows = ({ side, kernel }) => (seen[`${side} ${kernel}`] ??= Array.from({ length: side * side }, (_, p) => {
    const pairs = [], half = (kernel - 1) / 2;
    for (let k = 0; k < kernel * kernel; k++) {
      const x = p % side + k % kernel - half, y = Math.floor(p / side) + Math.floor(k / kernel) - half;
      if (x >= 0 && x < side && y >= 0 && y < side) pairs.push(y * side + x, k);
    }
    return Uint32Array.from(pairs);
  }));

  // Calls visit(row, place) for every position's row of B images (side^2, channels) in a row, of numbers
  // (B, side^2, inputs), and every place that it sees: where both begin.
  function everywhere({ side, channels, inputs, kernel }, B, visit) {
    const P = side * side, list = windows({ side, kernel });
    for (let r = 0; r < B * P; r++) {
      const pairs = list[r % P], image = r - r % P;
      for (let n = 0; n < pairs.length; n += 2) visit(r * inputs + pairs[n + 1] * channels, (image + pairs[n]) * channels);
    }
  }

  // The window of every position of B images, and its transpose: positions add up what their windows' rows hold.
  function unfold(layer, images, B) {
    const { side, kernel, channels, inputs } = layer;
    if (kernel === 1) return images;
    const rows = zeros(B * side * side * inputs);
    everywhere(layer, B, (row, place) => { for (let c = 0; c < channels; c++) rows[row + c] = images[place + c]; });
    return rows;
  }
  function fold(layer, rows, B) {
    const { side, kernel, channels } = layer;
    if (kernel === 1) return rows;
    const images = zeros(B * side * side * channels);
    everywhere(layer, B, (row, place) => { for (let c = 0; c < channels; c++) images[place + c] += rows[row + c]; });
    return images;
  }

  // Where the unit i = 0 of every position's row of B examples is, K components apart, after pooling.
  function pooled({ side, pool, units }, K, B) {
    const P = side * side, Q = P / pool ** 2, to = new Uint32Array(B * P);
    for (let r = 0; r < B * P; r++) {
      const p = r % P, q = Math.floor(p / side / pool) * (side / pool) + Math.floor(p % side / pool);
      to[r] = ((r - p) / P * K * Q + q) * units;
    }
    return to;
  }

  // h = Wx + b where the senders are scalars: in the first layer, and in conventional networks. The gate's
  // t.h is computed first, by one row for all components (sum_mu t_mu w_mu), so that closed units cost
  // no more than that. Adds share (h of the open ones) to a at to[row] + mu stride + i.
  function forwardScalar({ side, inputs, units, weight, bias, gating }, K, rows, B, { a, to, stride, share }, open) {
    const count = B * side * side, row = zeros(inputs), h = zeros(count);
    const listed = new Uint32Array(count), starts = new Uint32Array(count), all = starts.map((_, r) => r * inputs);
    for (let i = 0; i < units; i++) {
      let shift = 0, n = 0;
      if (gating) {
        row.fill(0);
        for (let mu = 0; mu < K; mu++) {
          const t = gating[mu * units + i], at = (mu * units + i) * inputs;
          for (let j = 0; j < inputs; j++) row[j] += t * weight[at + j];
          shift += t * bias[mu * units + i];
        }
        products(row, 0, rows, all, count, inputs, h);
      }
      for (let r = 0; r < count; r++) {
        if (gating && h[r] + shift < 0) continue;
        open[r * units + i] = 1;
        listed[n] = r;
        starts[n++] = r * inputs;
      }
      for (let mu = 0; mu < K; mu++) {
        const at = mu * units + i, value = share * bias[at];
        if (gating && K === 1) for (let k = 0; k < n; k++) h[k] = h[listed[k]] / gating[i]; // t.h is known, and so is h
        else products(weight, at * inputs, rows, starts, n, inputs, h);
        for (let k = 0; k < n; k++) a[to[listed[k]] + mu * stride + i] += value + share * h[k];
      }
    }
  }

  // h_imu = sum_j w_ij a_jmu + b_imu where they are vectors, over those that are active in the window.
  function forwardVector(layer, K, below, B, { a, to, stride, share }, open) {
    const { side, channels, inputs, units, weight, bias, gating } = layer, P = side * side, size = P * channels;
    const list = windows(layer), listed = new Uint32Array(inputs), sources = new Uint32Array(inputs);
    const sent = zeros(K * inputs), row = zeros(inputs), h = zeros(K);
    const components = Uint32Array.from({ length: K }, (_, mu) => mu * inputs);
    for (let r = 0; r < B * P; r++) {
      const b = Math.floor(r / P), pairs = list[r % P];
      let n = 0;
      for (let m = 0; m < pairs.length; m += 2) {
        for (let c = 0, j = pairs[m] * channels; c < channels; c++, j++) {
          if (!below.active[b * size + j]) continue;
          listed[n] = pairs[m + 1] * channels + c;
          sources[n++] = j;
        }
      }
      for (let mu = 0; mu < K; mu++) {
        const at = (b * K + mu) * size;
        for (let k = 0; k < n; k++) sent[mu * inputs + k] = below.a[at + sources[k]];
      }
      for (let i = 0; i < units; i++) {
        for (let k = 0; k < n; k++) row[k] = weight[i * inputs + listed[k]];
        products(row, 0, sent, components, K, n, h);
        let gate = 0;
        for (let mu = 0; mu < K; mu++) {
          h[mu] += bias[mu * units + i];
          if (gating) gate += gating[mu * units + i] * h[mu];
        }
        if (!(gate >= 0)) continue;
        open[r * units + i] = 1;
        for (let mu = 0; mu < K; mu++) a[to[r] + mu * stride + i] += share * h[mu];
      }
    }
  }

  // Activations a = G(h) h, as the next layer receives them, and gates G(h) = [t.h >= 0] of every layer
  // (Eq. 7, 8), for x of (B, inputs); from a later layer on, for what it receives: { a, active }, active
  // being (B, positions, units) that may differ from zero. The last layer's activations are the
  // logits, (B, classes), in either kind of network.
  function forward({ K, layers }, input, B, from = 0) {
    const trace = { B, from, rows: [], a: [], active: [], open: [] };
    let below = from ? input : { a: input };
    for (let l = from; l < layers.length; l++) {
      const layer = layers[l], { side, pool, units } = layer, P = side * side, Q = P / pool ** 2;
      const a = zeros(B * K * Q * units), open = new Uint8Array(B * P * units);
      const put = { a, to: pooled(layer, K, B), stride: Q * units, share: pool ** -2 };
      if (layer.first || K === 1) forwardScalar(layer, K, trace.rows[l] = unfold(layer, below.a, B), B, put, open);
      else forwardVector(layer, K, below, B, put, open);
      const active = pool > 1 ? new Uint8Array(B * Q * units) : open, to = pooled(layer, 1, B);
      if (pool > 1) for (let r = 0; r < B * P; r++) for (let i = 0; i < units; i++) active[to[r] + i] |= open[r * units + i];
      below = { a, active };
      trace.a[l] = a;
      trace.active[l] = active;
      trace.open[l] = open;
    }
    trace.logits = below.a;
    if (from) [trace.a[from - 1], trace.active[from - 1]] = [input.a, input.active];
    return trace;
  }

  // The lowest layer that learns; what reaches it from below stays as it is.
  const lowest = ({ layers }) => layers.findIndex(({ frozen }) => !frozen) >>> 0;

  // What a layer receives of x, as forward takes it.
  function received(network, x, B, l) {
    if (l === 0) return x;
    const { a, active } = forward({ ...network, layers: network.layers.slice(0, l) }, x, B);
    return { a: a.at(-1), active: active.at(-1) };
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

  // What the units of the layer below receive through the transpose of a layer's weights, (B, positions, channels).
  function transposed(layer, weight, delta, B) {
    const { side, inputs, units } = layer, count = B * side * side, rows = zeros(count * inputs);
    const factors = zeros(units + 3), starts = new Uint32Array(units + 3);
    for (let r = 0; r < count; r++) {
      let n = 0;
      for (let i = 0; i < units; i++) {
        if (!delta[r * units + i]) continue;
        factors[n] = delta[r * units + i];
        starts[n++] = i * inputs;
      }
      combine(factors, weight, starts, n, inputs, rows, r * inputs);
    }
    return fold(layer, rows, B);
  }

  // told[at + i] += factor matrix[column + i step] for all units.
  function mix(told, at, factor, matrix, column, step, units) {
    for (let i = 0; i < units; i++) told[at + i] += factor * matrix[column + i * step];
  }

  function gated(heard, open) {
    const delta = zeros(heard.length);
    for (let k = 0; k < delta.length; k++) if (open[k]) delta[k] = heard[k];
    return delta;
  }

  // What the units of every layer receive, (B, positions, units) before the gate, and delta, the same behind
  // it. They receive 1 under GEVB (Eq. 9), the gradient's share under BP (Eq. 13), the same through fixed
  // random weights under FA (fixed: a matrix for every layer), and a fixed random mix of what the output
  // is told under DFA (fixed: { columns, matrix }, with a column for every unit, position by position).
  function feedback({ layers, outputs }, rule, fixed, { B, from, open }, output) {
    const heard = [], delta = [];
    for (let l = layers.length - 1; l >= from; l--) {
      const { side, pool, units } = layers[l], P = side * side, above = layers[l + 1];
      if (!above) heard[l] = output;
      else if (rule === "gevb") heard[l] = zeros(B * P * units).fill(1);
      else {
        const shared = rule !== "dfa" && transposed(above, rule === "fa" ? fixed[l + 1] : above.weight, delta[l + 1], B);
        const told = heard[l] = zeros(B * P * units), to = pooled(layers[l], 1, B), share = pool ** -2;
        for (let r = 0; r < B * P; r++) {
          const b = Math.floor(r / P), at = r * units;
          if (shared) for (let i = 0; i < units; i++) told[at + i] = share * shared[to[r] + i];
          else for (let o = 0; o < outputs; o++) mix(told, at, output[b * outputs + o], fixed.matrix, o * fixed.columns + r % P, P, units);
        }
      }
      delta[l] = above ? gated(heard[l], open[l]) : output;
    }
    return { heard, delta };
  }

  // sum_b e_bmu sum_p delta_bpi x_bpj in the first layer; the sum over positions is the same for all components.
  function updateFirst({ side, inputs, units }, K, rows, B, e, delta, weight) {
    const P = side * side, sums = zeros(B * inputs), listed = new Uint32Array(B), starts = new Uint32Array(B + 3), factors = zeros(B + 3);
    for (let i = 0; i < units; i++) {
      let n = 0;
      sums.fill(0);
      for (let b = 0; b < B; b++) {
        let any = false;
        for (let r = b * P; r < (b + 1) * P; r++) {
          const d = delta[r * units + i];
          if (!d) continue;
          any = true;
          for (let j = 0; j < inputs; j++) sums[n * inputs + j] += d * rows[r * inputs + j];
        }
        if (!any) continue;
        starts[n] = n * inputs;
        listed[n++] = b;
      }
      for (let mu = 0; mu < K; mu++) {
        for (let k = 0; k < n; k++) factors[k] = e[listed[k] * K + mu];
        combine(factors, sums, starts, n, inputs, weight, (mu * units + i) * inputs);
      }
    }
  }

  // sum_b sum_p delta_bpi (e_b . a_bpj) in a later layer, the contraction first.
  function updateLater(layer, K, below, B, e, delta, weight) {
    const { side, channels, inputs, units } = layer, count = B * side * side, size = side * side * channels;
    const sent = zeros(B * size), factors = zeros(count + 3), starts = new Uint32Array(count + 3);
    for (let b = 0; b < B; b++) {
      for (let mu = 0; mu < K; mu++) {
        const error = e[b * K + mu], at = (b * K + mu) * size;
        for (let j = 0; j < size; j++) sent[b * size + j] += error * below[at + j];
      }
    }
    const rows = unfold(layer, sent, B);
    for (let i = 0; i < units; i++) {
      let n = 0;
      for (let r = 0; r < count; r++) {
        if (!delta[r * units + i]) continue;
        factors[n] = delta[r * units + i];
        starts[n++] = r * inputs;
      }
      combine(factors, rows, starts, n, inputs, weight, i * inputs);
    }
  }

  // The rule's update of every weight and bias in place of the gradient (Eq. 9, 14); null for what is frozen.
  const updates = ({ K, layers }, trace, e, delta) => layers.map((layer, l) => {
    if (layer.frozen) return null;
    const { B } = trace, { side, units } = layer, P = side * side;
    const weight = zeros(layer.weight.length), bias = zeros(layer.bias.length);
    if (layer.first) updateFirst(layer, K, trace.rows[l], B, e, delta[l], weight);
    else updateLater(layer, K, trace.a[l - 1], B, e, delta[l], weight);
    const summed = zeros(B * units);
    for (let r = 0; r < B * P; r++) for (let i = 0, at = Math.floor(r / P) * units; i < units; i++) summed[at + i] += delta[l][r * units + i];
    for (let b = 0; b < B; b++) for (let mu = 0; mu < K; mu++) for (let i = 0; i < units; i++) bias[mu * units + i] += e[b * K + mu] * summed[b * units + i];
    return { weight, bias };
  });

  // All that a rule makes of one batch; of the layers below one of them, which are frozen, nothing.
  function learn(network, rule, fixed, input, labels, B, from = 0) {
    const trace = forward(network, input, B, from);
    const { e, output } = readout(network, errorVector(trace.logits, labels, B), B);
    const { heard, delta } = feedback(network, rule, fixed, trace, output);
    return { trace, e, output, heard, delta, gradients: updates(network, trace, e, delta) };
  }

  // torch.optim.SGD.
  class SGD {
    constructor(rate) { this.rate = rate; }

    step({ layers }, gradients) {
      layers.forEach((layer, l) => {
        if (layer.frozen) return;
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
        if (layer.frozen) return;
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

  return { typed, copy, lowest, received, forward, softmax, errorVector, readout, feedback, updates, learn, SGD, Adam, clamp };
}
