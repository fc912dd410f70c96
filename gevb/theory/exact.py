r"""Small vectorized networks in exact arithmetic, to search for violations of the theorem.

Nothing is rounded, and no code is shared with `gevb.layers`. A layer is a list of synapses, the
forward pass is Eq. 7 and 8, and the gradient is the chain rule with K numbers per unit, without
Eq. 12. A convolution is a layer in which several synapses, one per position, use the same weight.
An example is an input :math:`\mathbf x` and an error vector :math:`\mathbf e`. With squared error,
:math:`\mathcal L = \tfrac12 \sum_\mu (a_\mu^L - y_\mu)^2`, it belongs to the target
:math:`\mathbf y = \mathbf a^L - \mathbf e`.

Source: Clark, Abbott and Chung (2021), Section 3.3, Appendices C and D.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise, product
from operator import mul
from random import Random
from typing import NamedTuple

from gevb.errors import InputError, check_choice

#: Random networks hold whole numbers; networks written by hand may also hold fractions.
Number = int | Fraction
#: K numbers.
Vector = list[Number]
KINDS = ("fc", "conv")
NONLINEARITIES = ("gate", "relu")
SUMS = ("synapse", "batch", "kernel")


class ExactLayer(NamedTuple):
    """Synapses from the units of one layer to those of the next.

    Attributes:
        synapses: (receiving unit i, sending unit j, index of the weight).
        weight: for each index K numbers, all equal if the components share the weight.
        shared: True if the components share the weight; False in the first layer.
        bias: K numbers for each unit.
        t: gating vectors, K numbers for each unit; None in the output layer.
    """

    synapses: list[tuple[int, int, int]]
    weight: list[Vector]
    shared: bool
    bias: list[Vector]
    t: list[list[int]] | None


class ExactNetwork(NamedTuple):
    """Layers from the first to the output, and the nonlinearity between them.

    Attributes:
        layers: from the first to the output.
        nonlinearity: "gate" (Eq. 7) or "relu", a ReLU for every component.
    """

    layers: list[ExactLayer]
    nonlinearity: str = "gate"


class ExactTrace(NamedTuple):
    r"""A forward pass. All lists are indexed ``[layer][unit][component]``.

    Attributes:
        a: activations that each layer receives.
        slopes: the diagonal of the nonlinearity's Jacobian, ones in the output layer.
        output: :math:`\mathbf a^L`.
    """

    a: list[list[Vector]]
    slopes: list[list[list[int]]]
    output: Vector


# --------------------------------------------------------------------------- the equations


def forward(network: ExactNetwork, x: Sequence[Number]) -> ExactTrace:
    """Compute the activations of all layers for one example (Eq. 7 and 8)."""
    below, all_slopes = [], []
    K = len(network.layers[0].weight[0])
    a = [[x_j] * K for x_j in x]
    for layer in network.layers:
        below.append(a)
        h = _drive(layer, a)
        slopes = [_slopes(network.nonlinearity, layer, i, h_i) for i, h_i in enumerate(h)]
        all_slopes.append(slopes)
        a = [_through(slope, h_i) for slope, h_i in zip(slopes, h, strict=True)]
    return ExactTrace(below, all_slopes, a[0])


def _drive(layer: ExactLayer, a: list[Vector]) -> list[Vector]:
    """Compute the pre-activations h_imu = sum_j w_ij a_jmu + b_imu."""
    h = [list(b) for b in layer.bias]
    for i, j, w in layer.synapses:
        if any(a[j]):
            h[i] = _plus(h[i], layer.weight[w], a[j])
    return h


def _plus(v: Vector, w: Vector, a: Vector) -> Vector:
    """Add v + w a, component by component."""
    return [v_mu + w_mu * a_mu for v_mu, w_mu, a_mu in zip(v, w, a, strict=True)]


def _through(slopes: list[int], v: Vector) -> Vector:
    """Multiply the vector v by a diagonal Jacobian of zeros and ones."""
    return [v_mu if slope else 0 for v_mu, slope in zip(v, slopes, strict=True)]


def _slopes(nonlinearity: str, layer: ExactLayer, i: int, h_i: Vector) -> list[int]:
    """Return the diagonal of the Jacobian of unit i's nonlinearity; other entries are zero."""
    if layer.t is None:
        return [1] * len(h_i)
    if nonlinearity == "relu":
        return [int(v >= 0) for v in h_i]
    return [int(sum(map(mul, layer.t[i], h_i)) >= 0)] * len(h_i)


def gradient(network: ExactNetwork, trace: ExactTrace, e: Vector) -> list[list[Vector]]:
    r"""Compute each synapse's part of :math:`\partial\mathcal L / \partial w` by the chain rule.

    It carries :math:`\partial\mathcal L / \partial a_{i\mu}`, K numbers per unit, from the output
    down to the first layer. The result is indexed ``[layer][synapse]``: one number if the
    components share the weight, else K.
    """
    terms: list[list[Vector]] = []
    from_above = [list(e)]
    for layer, a, slopes in reversed(list(zip(*_views(network, trace), strict=True))):
        to_h = [_through(slope, d) for slope, d in zip(slopes, from_above, strict=True)]
        terms.append([_term(layer, to_h[i], a[j]) for i, j, _ in layer.synapses])
        from_above = [[0] * len(e) for _ in a]
        if layer.shared:
            for i, j, w in layer.synapses:
                if any(to_h[i]):
                    from_above[j] = _plus(from_above[j], layer.weight[w], to_h[i])
    return terms[::-1]


def broadcast(network: ExactNetwork, trace: ExactTrace, e: Vector) -> list[list[Vector]]:
    r"""Compute the GEVB update of each synapse, indexed as `gradient` (Eq. 9).

    That is :math:`G(\mathbf h_i)\, (\mathbf a_j \cdot \mathbf e)`.

    With ReLUs per component it is Eq. A2 with the global Jacobian replaced by the identity.
    """
    terms = []
    for layer, a, slopes in zip(*_views(network, trace), strict=True):
        heard = [_through(slope, e) for slope in slopes]
        terms.append([_term(layer, heard[i], a[j]) for i, j, _ in layer.synapses])
    return terms


def _views(
    network: ExactNetwork, trace: ExactTrace
) -> tuple[list[ExactLayer], list[list[Vector]], list[list[list[int]]]]:
    return network.layers, trace.a, trace.slopes


def _term(layer: ExactLayer, post: Vector, pre: Vector) -> Vector:
    products = list(map(mul, post, pre)) if any(post) else [0] * len(post)
    return [sum(products)] if layer.shared else products


def loss(network: ExactNetwork, x: Sequence[Number], y: Vector) -> Fraction:
    r"""Compute the squared error, :math:`\tfrac12 \sum_\mu (a_\mu^L - y_\mu)^2`."""
    output = forward(network, x).output
    return Fraction(sum((v - y_mu) ** 2 for v, y_mu in zip(output, y, strict=True)), 2)


def derivative(
    network: ExactNetwork, x: Sequence[Number], y: Vector, l: int, w: int, mu: int = 0
) -> Fraction:
    r"""Compute the derivative with respect to one weight as a difference quotient.

    For weight `w` in layer `l`, and for component `mu` if the weight is not shared:

    .. math::

        \frac{\partial\mathcal L}{\partial w}
        = \frac{\mathcal L(w + \varepsilon) - \mathcal L(w - \varepsilon)}{2\varepsilon}.

    While no gate switches, the loss is a parabola in any one weight. Its symmetric difference
    quotient then equals the derivative. The step is halved until no gate switches.

    Raises:
        InputError: a gate is exactly at its threshold, where no derivative exists.
    """
    slopes = forward(network, x).slopes
    step = Fraction(1, 16)
    for _ in range(60):
        there, back = (nudged(network, l, w, mu, sign * step) for sign in (1, -1))
        if forward(there, x).slopes == slopes == forward(back, x).slopes:
            return (loss(there, x, y) - loss(back, x, y)) / (2 * step)
        step /= 2
    raise InputError(f"weight {w} of layer {l}: got a gate at its threshold, wanted none")


def nudged(network: ExactNetwork, l: int, w: int, mu: int, by: Number) -> ExactNetwork:
    """Add `by` to one weight in a copy of the network; `mu` is used only if it is not shared."""
    layer = network.layers[l]
    weight = [list(values) for values in layer.weight]
    weight[w] = [v + by if layer.shared or nu == mu else v for nu, v in enumerate(weight[w])]
    return _with_layer(network, l, layer._replace(weight=weight))


def _with_layer(network: ExactNetwork, l: int, layer: ExactLayer) -> ExactNetwork:
    """Replace one layer in a copy of the network."""
    return network._replace(layers=[*network.layers[:l], layer, *network.layers[l + 1 :]])


def inputs(network: ExactNetwork) -> int:
    """Count the scalar inputs."""
    return 1 + max(j for _, j, _ in network.layers[0].synapses)


# -------------------------------------------------------------------------------- feedback


def feedback(network: ExactNetwork, trace: ExactTrace) -> list[Vector]:
    r"""Compute the feedback :math:`\hat\delta_i` of every hidden unit by the recursion of Eq. 13.

    .. math::

        \hat\delta_i^\ell
        = \sum_k \hat\delta_k^{\ell+1}\, G(\mathbf h_k^{\ell+1})\, w_{ki}^{\ell+1},
        \qquad \hat\delta^L = 1.

    Indexed ``[layer][unit]``.
    """
    above: Vector = [1]
    result: list[Vector] = []
    for layer, a, slopes in list(zip(*_views(network, trace), strict=True))[:0:-1]:
        below: Vector = [0] * len(a)
        for i, j, w in layer.synapses:
            below[j] += above[i] * slopes[i][0] * layer.weight[w][0]
        result.append(above := below)
    return result[::-1]


#: Units that a path visits.
Path = tuple[int, ...]


def active_paths(network: ExactNetwork, trace: ExactTrace, l: int, i: int) -> dict[Path, Number]:
    r"""Find paths of non-zero value from unit i of hidden layer l to the output, and their values.

    A path is the tuple of units that it visits, i first. It counts if all units above i are
    active; i's own gate is not part of :math:`\hat\delta_i` (Appendix C). Each path is followed
    separately.
    """
    paths: dict[Path, Number] = {(i,): 1}
    for layer, slopes in zip(network.layers[l + 1 :], trace.slopes[l + 1 :], strict=True):
        paths = {
            (*path, k): value * layer.weight[w][0]
            for path, value in paths.items()
            for k, j, w in layer.synapses
            if j == path[-1] and slopes[k][0] and layer.weight[w][0]
        }
    return paths


# --------------------------------------------------------------------- networks by hand


def first_layer(
    weight: Sequence[Sequence[Sequence[Number]]],
    bias: Sequence[Sequence[Number]],
    t: Sequence[Sequence[int]],
) -> ExactLayer:
    """Build a fully connected first layer from given numbers.

    Args:
        weight: ``weight[i][j][mu]``.
        bias: ``bias[i][mu]``.
        t: gating vectors ``t[i][mu]``.

    Raises:
        InputError: the lists do not fit together.
    """
    return _by_hand(weight, False, bias, t)


def later_layer(
    weight: Sequence[Sequence[Number]],
    bias: Sequence[Sequence[Number]],
    t: Sequence[Sequence[int]] | None = None,
) -> ExactLayer:
    """Build a fully connected layer of shared weights from given numbers.

    Args:
        weight: ``weight[i][j]``.
        bias: ``bias[i][mu]``.
        t: gating vectors ``t[i][mu]``; the output layer has none.

    Raises:
        InputError: the lists do not fit together.
    """
    return _by_hand([[[w] * len(bias[0]) for w in row] for row in weight], True, bias, t)


def _by_hand(
    weight: Sequence[Sequence[Sequence[Number]]],
    shared: bool,
    bias: Sequence[Sequence[Number]],
    t: Sequence[Sequence[int]] | None,
) -> ExactLayer:
    rows, columns = len(weight), len(weight[0])
    lengths = {len(v) for row in [*weight, bias, t or []] for v in row}
    if {len(row) for row in weight} != {columns} or len(lengths) != 1 or len(bias) != rows:
        raise InputError(
            f"layer: got {rows} rows of weights, {len(bias)} biases and vectors of lengths "
            f"{sorted(lengths)}, wanted as many biases as rows, rows and vectors of one length"
        )
    return ExactLayer(
        _wiring(columns, rows),
        [[Fraction(v) for v in entry] for row in weight for entry in row],
        shared,
        [[Fraction(v) for v in b] for b in bias],
        None if t is None else [list(t_i) for t_i in t],
    )


def _wiring(below: int, above: int) -> list[tuple[int, int, int]]:
    """Connect all units to all units."""
    return [(i, j, i * below + j) for i, j in product(range(above), range(below))]


# -------------------------------------------------------------------------- random networks


def drawn(rng: Random, signed: bool = True) -> int:
    """Draw a whole number from 1 to 99, of either sign if `signed`."""
    value = rng.randint(1, 99)
    return -value if signed and rng.random() < 0.5 else value


def vector(rng: Random, n: int) -> Vector:
    """Draw n numbers of either sign."""
    return [drawn(rng) for _ in range(n)]


def random_network(
    rng: Random,
    kind: str = "fc",
    *,
    nonlinearity: str = "gate",
    K: int | None = None,
    widths: Sequence[int] | None = None,
) -> ExactNetwork:
    """Draw a nonnegative network of random size and weights, a fifth of them zero.

    Args:
        rng: source of everything that is not given.
        kind: "fc", one to three hidden layers of two or three units, or "conv", two convolutions
            with 2 x 2 kernels over an image of 3 x 3, then two or three units.
        nonlinearity: "gate" or "relu".
        K: components; 2 or 3 if not given.
        widths: inputs, then hidden units ("fc" only).

    Raises:
        InputError: no such kind or nonlinearity.
    """
    check_choice("kind", kind, KINDS)
    check_choice("nonlinearity", nonlinearity, NONLINEARITIES)
    K = K or rng.randint(2, 3)
    layers: list[ExactLayer] = []
    if kind == "fc":
        widths = widths or [rng.randint(2, 3) for _ in range(rng.randint(2, 4))]
        sizes = list(pairwise([*widths, 1]))
        layers = [_dense(rng, *size, K, first=not l) for l, size in enumerate(sizes)]
    else:
        channels, size = 1, 3
        for _ in range(2):
            channels_above = rng.randint(1, 2)
            wiring, size = _convolution(channels, channels_above, size)
            channel = [c for c in range(channels_above) for _ in range(size**2)]
            layers.append(_layer(rng, wiring, K, channel, not layers))
            channels = channels_above
        widths = [channels * size**2, rng.randint(2, 3)]
        layers += [_dense(rng, n, m, K, first=False) for n, m in pairwise([*widths, 1])]
    layers[-1] = layers[-1]._replace(t=None)
    return ExactNetwork(layers, nonlinearity)


def centred(network: ExactNetwork, x: Sequence[Number]) -> ExactNetwork:
    """Shift the biases of a copy so that they balance the drive of one input.

    Nonnegative weights drive all components of all units past the first layer alike, so with
    small biases nearly all are on, or all off. With the drive subtracted from the biases of the
    gated layers, the drawn bias remains as the pre-activation, of either sign (of a
    convolution's channel, at its first position).
    """
    for l, layer in enumerate(network.layers[:-1]):
        drive: dict[int, Vector] = {}
        for bias, h in zip(layer.bias, _drive(layer, forward(network, x).a[l]), strict=True):
            drive.setdefault(id(bias), [v - b for v, b in zip(h, bias, strict=True)])
        shifted = {
            id(bias): [b - d for b, d in zip(bias, drive[id(bias)], strict=True)]
            for bias in layer.bias
        }
        layer = layer._replace(bias=[shifted[id(bias)] for bias in layer.bias])
        network = _with_layer(network, l, layer)
    return network


def _dense(rng: Random, below: int, above: int, K: int, first: bool) -> ExactLayer:
    """Draw a fully connected layer."""
    return _layer(rng, _wiring(below, above), K, list(range(above)), first)


def _convolution(channels: int, above: int, size: int) -> tuple[list[tuple[int, int, int]], int]:
    """List the synapses of a convolution with a 2 x 2 kernel, and the side of its output image."""
    out, wiring = size - 1, []
    for c, y, x, b, v, u in product(*map(range, (above, out, out, channels, 2, 2))):
        unit, sender = (c * out + y) * out + x, (b * size + y + v) * size + x + u
        wiring.append((unit, sender, ((c * channels + b) * 2 + v) * 2 + u))
    return wiring, out


def _layer(
    rng: Random, wiring: list[tuple[int, int, int]], K: int, channel: list[int], first: bool
) -> ExactLayer:
    """Draw weights, biases and gating vectors; units of a channel share the last two."""
    number = 1 + max(w for _, _, w in wiring)
    if first:
        weight = [vector(rng, K) for _ in range(number)]
    else:
        weight = [
            [drawn(rng, signed=False) if rng.random() < 0.8 else 0] * K for _ in range(number)
        ]
    bias = [vector(rng, K) for _ in range(1 + max(channel))]
    t = [[rng.choice((-1, 1)) for _ in range(K)] for _ in range(1 + max(channel))]
    return ExactLayer(
        wiring, weight, not first, [bias[c] for c in channel], [t[c] for c in channel]
    )


def with_negative(network: ExactNetwork, rng: Random, number: int = 1) -> ExactNetwork:
    """Flip the sign of `number` non-zero shared weights in a copy of the network.

    From the same state of `rng`, a larger number flips the same weights and some more.

    Raises:
        InputError: it has fewer such weights.
    """
    places = list(_nonzero(network))
    if not 0 <= number <= len(places):
        raise InputError(f"number: got {number}, wanted 0 to {len(places)} non-zero weights")
    rng.shuffle(places)
    for l, w in places[:number]:
        network = nudged(network, l, w, 0, -2 * network.layers[l].weight[w][0])
    return network


def _nonzero(network: ExactNetwork) -> Iterator[tuple[int, int]]:
    """Yield layer and index of the shared weights that are not zero."""
    for l, layer in enumerate(network.layers):
        yield from ((l, w) for w, values in enumerate(layer.weight) if layer.shared and values[0])


# ------------------------------------------------------------------------------- comparing


class Tally(NamedTuple):
    """Counts that compare updates with gradients, over networks.

    Attributes:
        networks: number of networks.
        same: both are non-zero and have the same sign.
        wrong: the gradient is not zero and the update does not have its sign.
        silent: the gradient is zero and the update is not.
        unexplained: silent cases in which the receiving unit has an active path of non-zero value.
        broken: networks with at least one wrong sign.
    """

    networks: int = 0
    same: int = 0
    wrong: int = 0
    silent: int = 0
    unexplained: int = 0
    broken: int = 0

    def __add__(self, other: object) -> Tally:
        """Add the counts of both sets of networks."""
        if not isinstance(other, Tally):
            return NotImplemented
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def agreement(self) -> float:
        """Share of the right signs among the weights that have a gradient, in percent."""
        return 100 * self.same / (self.same + self.wrong)


def pairs(
    network: ExactNetwork, passes: Sequence[tuple[ExactTrace, Vector]], per: str = "synapse"
) -> Iterator[tuple[int, int, Number, Number]]:
    """Yield layer, synapse or weight, gradient and update of everything that is compared.

    Args:
        network: network to compare in.
        passes: forward pass and error vector of each example.
        per: "synapse" compares each synapse for each example, as the theorem does; "batch" sums
            each synapse over the examples; "kernel" sums each weight over its positions, for each
            example.

    Raises:
        InputError: unknown `per`.
    """
    check_choice("per", per, SUMS)
    sums: dict[tuple[int, int, int, int], list[Number]] = defaultdict(lambda: [0] * 2)
    for number, (trace, e) in enumerate(passes):
        both = gradient(network, trace, e), broadcast(network, trace, e)
        for l, layer in enumerate(network.layers):
            for s, (_, _, w) in enumerate(layer.synapses):
                for mu, (g, u) in enumerate(zip(both[0][l][s], both[1][l][s], strict=True)):
                    if per == "synapse":
                        yield l, s, g, u
                        continue
                    key = (l, s, mu, 0) if per == "batch" else (l, w, mu, number)
                    sums[key] = [sums[key][0] + g, sums[key][1] + u]
    for key, (g, u) in sums.items():
        yield key[0], key[1], g, u


def sign(value: Number) -> int:
    """Return -1, 0 or 1."""
    return (value > 0) - (value < 0)


def compare(
    network: ExactNetwork, examples: Sequence[tuple[Vector, Vector]], per: str = "synapse"
) -> Tally:
    """Count right and wrong signs of the updates of one network.

    Args:
        network: network to compare in.
        examples: inputs x and error vectors e.
        per: as for `pairs`.

    Raises:
        InputError: unknown `per`.
    """
    passes = [(forward(network, x), e) for x, e in examples]
    same = wrong = 0
    silent: list[tuple[int, int]] = []
    for l, s, g, u in pairs(network, passes, per):
        if g:
            same, wrong = (same + 1, wrong) if sign(g) == sign(u) else (same, wrong + 1)
        elif u:
            silent.append((l, s))
    unexplained = 0
    if silent and network.nonlinearity == "gate" and per == "synapse" and len(passes) == 1:
        receivers = {(l, network.layers[l].synapses[s][0]) for l, s in silent}
        reached = {at for at in receivers if active_paths(network, passes[0][0], *at)}
        unexplained = sum((l, network.layers[l].synapses[s][0]) in reached for l, s in silent)
    return Tally(1, same, wrong, len(silent), unexplained, int(wrong > 0))


def survey(
    number: int,
    kind: str = "fc",
    *,
    seed: int = 0,
    nonlinearity: str = "gate",
    negative: int = 0,
    per: str = "synapse",
) -> Tally:
    """Compare signs in many random networks.

    Args:
        number: number of networks.
        kind: "fc" or "conv".
        seed: of sizes, weights and examples.
        nonlinearity: "gate", or "relu" to break the theorem.
        negative: weights to turn negative, to break the theorem.
        per: "synapse", or "batch" (two examples) or "kernel" to break the theorem.

    Raises:
        InputError: unknown kind, nonlinearity or `per`.
    """
    rng, tally = Random(seed), Tally()
    for _ in range(number):
        network = random_network(rng, kind, nonlinearity=nonlinearity)
        while sum(1 for _ in _nonzero(network)) < negative:
            network = random_network(rng, kind, nonlinearity=nonlinearity)
        examples = [random_example(network, rng) for _ in range(2 if per == "batch" else 1)]
        network = centred(with_negative(network, rng, negative), examples[0][0])
        tally += compare(network, examples, per)
    return tally


def random_example(network: ExactNetwork, rng: Random) -> tuple[Vector, Vector]:
    """Draw an input and an error vector that fit the network."""
    return vector(rng, inputs(network)), vector(rng, len(network.layers[0].weight[0]))
