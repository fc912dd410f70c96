// Initial weights, gating vectors and random feedback: those that gevb draws for a seed.
"use strict";
function initialModule(Random) {
  const scaled = (values, variance) => values.map((value) => value * Math.sqrt(variance));
  const rows = (layer, K) => (layer.first ? K : 1);

  // Fill the weights of one layer, as gevb's initializers do.
  const initializers = {
    he(layer, K, stream) {
      const n = layer.weight.length;
      layer.weight.set(scaled(stream.normals(n), (layer.first ? 1 : 2) / layer.inputs));
    },

    // Units come in pairs ON, OFF on both sides; the output layer has ON rows only.
    onoff(layer, K, stream) {
      const { first, output, inputs, units, weight } = layer;
      const receivers = output ? units : units / 2, senders = first ? inputs : inputs / 2;
      const drawn = rows(layer, K) * receivers * senders;
      const W = scaled(stream.normals(drawn), (first ? 1 : 4) / inputs);
      W.forEach((w, k) => {
        const j = k % senders, row = Math.floor(k / senders) * (output ? 1 : 2);
        const on = row * inputs, off = on + inputs;
        if (first) {
          weight[on + j] = w;
          if (!output) weight[off + j] = -w;
          return;
        }
        weight[on + 2 * j] = Math.max(w, 0);
        weight[on + 2 * j + 1] = Math.max(-w, 0);
        if (output) return;
        weight[off + 2 * j] = Math.max(-w, 0);
        weight[off + 2 * j + 1] = Math.max(w, 0);
      });
    },

    // gevb.theory.on_off.plain_nonnegative: positive parts of independent normal numbers.
    plain(layer, K, stream) {
      if (layer.first) return initializers.he(layer, K, stream);
      const scale = 2 * Math.sqrt(2 * Math.PI) / layer.inputs;
      const W = scaled(stream.normals(layer.weight.length), scale ** 2);
      layer.weight.set(W.map((w) => Math.max(w, 0)));
    },
  };

  // The network of gevb.networks.Network, whose weights are rounded to float32.
  function network({ inputs, classes, hidden, vectorized, nonnegative, init, seed }) {
    const [K, outputs] = vectorized ? [classes, 1] : [1, classes];
    const stream = Random.stream(seed, "weights");
    const layers = [...hidden, outputs].map((units, l) => {
      const [first, output] = [l === 0, l === hidden.length];
      const below = first ? inputs : hidden[l - 1];
      const weight = new Float64Array((first ? K : 1) * units * below);
      const layer = { inputs: below, units, first, output, weight, bias: new Float64Array(K * units), gating: null };
      initializers[init](layer, K, stream);
      layer.weight = layer.weight.map(Math.fround);
      if (output) return layer;
      // Random signs in ON/OFF pairs; ON is 1 in a conventional network.
      const half = Math.ceil(units / 2), signs = stream.integers(2, K * half).map((bit) => 2 * bit - 1);
      layer.gating = new Float64Array(K * units);
      for (let mu = 0; mu < K; mu++) {
        for (let i = 0; i < units; i++) {
          const on = vectorized ? signs[mu * half + Math.floor(i / 2)] : 1;
          layer.gating[mu * units + i] = i % 2 ? -on : on;
        }
      }
      return layer;
    });
    return { K, outputs, vectorized, nonnegative, layers };
  }

  // What is random about a rule, as network.js takes it.
  function feedback(rule, { K, outputs, nonnegative, layers }, init, seed) {
    const stream = Random.stream(seed, "feedback");
    if (rule === "fa") {
      return layers.map((layer) => {
        if (layer.first) return null;
        const copy = { ...layer, weight: new Float64Array(layer.weight.length) };
        initializers[init](copy, K, stream);
        return copy.weight;
      });
    }
    if (rule === "dfa") {
      const columns = Math.max(...layers.slice(0, -1).map(({ units }) => units));
      const matrix = stream.uniforms(outputs * columns);
      return { columns, matrix: nonnegative ? matrix : matrix.map((value) => 2 * value - 1) };
    }
    return null;
  }

  return { network, feedback };
}
