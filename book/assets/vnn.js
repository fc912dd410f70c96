// A vectorized nonnegative network (VNN) of fully connected layers: the arithmetic alone.
//
// layers[l]: weight, bias[i][mu] and, except in the output layer, gating[i][mu]. Weights of the first
// layer, weight[i][mu][j], belong to one component each; later ones, weight[i][j], are shared and >= 0.
// Equation numbers are those of Clark, Abbott and Chung (2021).
"use strict";
const VNN = (() => {
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const dot = (u, v) => sum(u.map((value, k) => value * v[k]));

  // For every layer what it received (below), its open gates and its activations a[i][mu] (Eq. 7, 8).
  // The output layer's one unit holds the logits.
  const forward = (layers, x) => {
    let below = x;
    return layers.map(({ weight, bias, gating }, l) => {
      const h = bias.map((unit, i) => unit.map((b, mu) =>
        b + (l ? sum(below.map((a, j) => weight[i][j] * a[mu])) : dot(weight[i][mu], x))));
      const open = h.map((unit, i) => !gating || dot(gating[i], unit) >= 0);
      const a = h.map((unit, i) => (open[i] ? unit : unit.map(() => 0)));
      const layer = { below, open, a };
      below = a;
      return layer;
    });
  };

  const softmax = (logits) => {
    const top = Math.max(...logits);
    const powers = logits.map((value) => Math.exp(value - top));
    const total = sum(powers);
    return powers.map((power) => power / total);
  };

  // dL/dlogits of softmax cross-entropy, e = p - y: the vector that is broadcast.
  const errorVector = (logits, label) => softmax(logits).map((p, mu) => p - (mu === label));

  // One number for each unit, by which it hears e: 1 under GEVB (Eq. 9); under back-propagation its
  // own, sent down through the weights and open gates above it (Eq. 13).
  const feedback = (rule, layers, trace) => {
    const heard = trace.map(({ a }) => a.map(() => 1));
    if (rule === "bp") {
      for (let l = layers.length - 2; l >= 0; l--) {
        heard[l] = heard[l].map((_, i) => sum(layers[l + 1].weight.map((row, k) =>
          row[i] * (trace[l + 1].open[k] ? heard[l + 1][k] : 0))));
      }
    }
    return heard;
  };

  // dL/dweight and dL/dbias of every layer, with the rule's feedback in place of the gradient's (Eq. 14).
  const gradients = (trace, e, heard) => trace.map(({ below, open, a }, l) => {
    const delta = a.map((_, i) => (open[i] ? heard[l][i] : 0));
    return {
      weight: delta.map((d) => (l
        ? below.map((sender) => d * dot(e, sender))
        : e.map((error) => below.map((x) => d * error * x)))),
      bias: delta.map((d) => e.map((error) => d * error)),
    };
  });

  // New layers, a step down the gradients; weights past the first layer stop at zero.
  const descend = (layers, gradients, rate) => layers.map(({ weight, bias, gating }, l) => ({
    weight: weight.map((row, i) => row.map((w, j) => (l
      ? Math.max(0, w - rate * gradients[l].weight[i][j])
      : w.map((value, k) => value - rate * gradients[l].weight[i][j][k])))),
    bias: bias.map((unit, i) => unit.map((b, mu) => b - rate * gradients[l].bias[i][mu])),
    gating,
  }));

  return { forward, softmax, errorVector, feedback, gradients, descend };
})();
