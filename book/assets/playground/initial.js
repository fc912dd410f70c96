// Initial weights, gating vectors and random feedback: those that gevb draws for a seed.
"use strict";
function initialModule(Random) {
  // Normal numbers in gevb's order, (rows, senders, places in the kernel): put(number, row, sender, at),
  // `at` being where the place's channels begin in a row of the layer's weights.
  function draw({ kernel, channels }, rows, senders, variance, stream, put) {
    const places = kernel ** 2, scale = Math.sqrt(variance);
    stream.normals(rows * senders * places).forEach((value, k) => {
      const row = Math.floor(k / places / senders);
      put(scale * value, row, Math.floor(k / places) % senders, k % places * channels);
    });
  }

  // Fill the weights of one layer, as gevb's initializers do.
  const rows = ({ first, units }, K) => (first ? K : 1) * units;
  const initializers = {
    he(layer, K, stream) {
      const { first, channels, inputs, weight } = layer;
      draw(layer, rows(layer, K), channels, (first ? 1 : 2) / inputs, stream, (w, row, j, at) => { weight[row * inputs + at + j] = w; });
    },

    // Units come in pairs ON, OFF on both sides; the output layer has ON rows only.
    onoff(layer, K, stream) {
      const { first, output, channels, inputs, weight } = layer, paired = output ? 1 : 2;
      draw(layer, rows(layer, K) / paired, first ? channels : channels / 2, (first ? 1 : 4) / inputs, stream, (w, row, j, at) => {
        const on = row * paired * inputs + at, off = on + inputs;
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
      const { channels, inputs, units, weight } = layer, scale = 2 * Math.sqrt(2 * Math.PI) / inputs;
      draw(layer, units, channels, scale ** 2, stream, (w, row, j, at) => { weight[row * inputs + at + j] = Math.max(w, 0); });
    },
  };

  // The layers without their numbers: stages of convolutions with kernels of 3 x 3 over a square image,
  // each followed by the mean over windows of 2 x 2, then fully connected ones.
  function shapes({ inputs, conv, hidden, outputs }) {
    let side = Math.sqrt(inputs), channels = conv.length ? 1 : inputs;
    const stages = conv.map((units) => {
      const layer = { side, channels, kernel: 3, pool: 2, inputs: 9 * channels, units };
      [side, channels] = [side / 2, units];
      return layer;
    });
    if (conv.length) channels *= side ** 2;
    const above = [...hidden, outputs].map((units) => {
      const layer = { side: 1, channels, kernel: 1, pool: 1, inputs: channels, units };
      channels = units;
      return layer;
    });
    return [...stages, ...above].map((layer, l, all) => ({ ...layer, first: l === 0, output: l === all.length - 1 }));
  }

  // The network of gevb.networks.Network, whose weights are rounded to float32. frozen: the layers that
  // do not learn, counted from 1.
  function network({ inputs, classes, conv, hidden, frozen, vectorized, nonnegative, init, seed }) {
    const [K, outputs] = vectorized ? [classes, 1] : [1, classes];
    const stream = Random.stream(seed, "weights");
    const layers = shapes({ inputs, conv, hidden, outputs }).map((shape, l) => {
      const { units } = shape, weight = new Float64Array(rows(shape, K) * shape.inputs);
      const layer = { ...shape, frozen: frozen.includes(l + 1), weight, bias: new Float64Array(K * units), gating: null };
      initializers[init](layer, K, stream);
      layer.weight = layer.weight.map(Math.fround);
      if (layer.output) return layer;
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
      const columns = Math.max(...layers.slice(0, -1).map(({ side, units }) => side ** 2 * units));
      const matrix = stream.uniforms(outputs * columns);
      return { columns, matrix: nonnegative ? matrix : matrix.map((value) => 2 * value - 1) };
    }
    return null;
  }

  return { network, feedback };
}
