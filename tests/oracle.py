"""The paper's equations as plain sums over indices, in Python loops.

An oracle for the package: it shares no arithmetic with it. A layer is a list of synapses
(i, mu, j, nu, index): component nu of unit j reaches component mu of unit i through the entry
`index` of the layer's weight.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import product

import torch

from gevb.layers import Conv2d, Flatten, Linear, LocallyConnected2d


def synapses(weights):
    """Every connection of a layer, from the definition of its kind."""
    K, first = weights.K, weights.first
    for i, j, row, rest in _wiring(weights):
        for mu in range(K):
            rows = weights.out_units[0]
            index_row = mu * rows + row if first else row
            index = rest(index_row)
            yield i, mu, j, 0 if first else mu, index


def _wiring(weights):
    """Pairs of units (i, j) with the output row and the way to index the weight."""
    if isinstance(weights, Linear):
        for i, j in product(range(weights.out_units[0]), range(weights.in_units[0])):
            yield (i,), (j,), i, lambda row, j=j: (row, j)
        return
    channels, height, width = weights.in_units
    k, s, p = weights.kernel_size, weights.stride, weights.padding
    for out in product(*map(range, weights.out_units)):
        c, y, x = out
        for ci, ky, kx in product(range(channels), range(k), range(k)):
            iy, ix = y * s + ky - p, x * s + kx - p
            if not (0 <= iy < height and 0 <= ix < width):
                continue
            if isinstance(weights, Conv2d):
                yield out, (ci, iy, ix), c, lambda row, at=(ci, ky, kx): (row, *at)
            else:
                assert isinstance(weights, LocallyConnected2d)
                at = (y * weights.out_units[2] + x, (ky * k + kx) * channels + ci)
                yield out, (ci, iy, ix), c, lambda row, at=at: (at[0], row, at[1])


def bias_index(weights, mu, i):
    """The bias of unit i: its own, or its channel's."""
    return (mu, i[0], 0, 0) if isinstance(weights, Conv2d) else (mu, *i)


def arrangement(layer):
    """Pooling and flattening as a list of (unit above, unit below, share)."""
    units = layer.weights.out_units
    pairs = [(u, u, 1.0) for u in product(*map(range, units))]
    for module in layer.arrange:
        above = defaultdict(list)
        for top, below, share in pairs:
            if isinstance(module, Flatten):
                c, y, x = top
                _, _, width = module.in_units
                above[((y * width + x) * module.in_units[0] + c,)].append((below, share))
            else:
                c, y, x = top
                if (
                    y // module.size < module.out_units[1]
                    and x // module.size < module.out_units[2]
                ):
                    new = (c, y // module.size, x // module.size)
                    above[new].append((below, share / module.size**2))
        pairs = [(top, below, share) for top, rest in above.items() for below, share in rest]
    return pairs


def forward(network, x):
    """Per layer: activations below {(j, nu)}, pre-activations h {(i, mu)}, gates {i}."""
    shape = network.layers[0].weights.in_units
    image = x.reshape(shape)
    a = {(j, 0): float(image[j]) for j in product(*map(range, shape))}
    records = []
    for layer in network.layers:
        w = layer.weights
        units = list(product(*map(range, w.out_units)))
        h = {(i, mu): float(w.bias[bias_index(w, mu, i)]) for i in units for mu in range(w.K)}
        weight = w.weight.detach().numpy()
        for i, mu, j, nu, index in synapses(w):
            h[i, mu] += weight[index] * a[j, nu]
        gates = {}
        for i in units:
            t = None if layer.gate is None else layer.gate.t
            at = (i[0], 0, 0) if len(i) == 3 else i
            gates[i] = (
                1.0
                if t is None or sum(float(t[(mu, *at)]) * h[i, mu] for mu in range(w.K)) >= 0
                else 0.0
            )
        records.append((a, h, gates))
        a = defaultdict(float)
        for top, below, share in arrangement(layer):
            for mu in range(w.K):
                a[top, mu] += share * gates[below] * h[below, mu]
    _, h, _ = records[-1]
    logits = [h[i, mu] for mu in range(network.K) for i in product(range(network.outputs))]
    return records, torch.tensor(logits, dtype=torch.float64)


def updates(network, x, error, feedback):
    """Updates of all parameters from sums over one example.

    error: dL/dlogits of this example. feedback(l, layer above's gated feedback, output) says what
    the units of hidden layer l receive, as {unit: value}; back-propagation is `transposed`.
    """
    records, _ = forward(network, x)
    vectorized = network.vectorized
    e = [float(v) for v in error] if vectorized else [1.0]
    output = {(i,): 1.0 if vectorized else float(error[i]) for i in range(network.outputs)}
    grads = {name: torch.zeros_like(p) for name, p in network.named_parameters()}
    delta = output
    for l in reversed(range(len(network.layers))):
        a, _, gates = records[l]
        w = network.layers[l].weights
        if l < len(network.layers) - 1:
            heard = feedback(l, delta, output)
            delta = {i: gates[i] * heard.get(i, 0.0) for i in gates}
        grad = grads[f"layers.{l}.weights.weight"].numpy()
        for i, mu, j, nu, index in synapses(w):
            grad[index] += delta[i] * e[mu] * a[j, nu]
        grad = grads[f"layers.{l}.weights.bias"]
        for i, mu in product(delta, range(w.K)):
            grad[bias_index(w, mu, i)] += delta[i] * e[mu]
    return grads


def transposed(network, l, delta, weights):
    """sum_k w_ki delta_k for the units of layer l, through pooling and flattening (Eq. 13)."""
    arrived, weight = defaultdict(float), weights.weight.detach().numpy()
    for i, mu, j, _, index in synapses(weights):
        if mu == 0:  # One scalar per unit: the weight counts once, whatever K.
            arrived[j] += weight[index] * delta[i]
    heard = defaultdict(float)
    for top, below, share in arrangement(network.layers[l]):
        heard[below] += share * arrived[top]
    return heard
