"""The theorem in exact arithmetic, and the machinery that says so."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random

import pytest
import torch
from conftest import make_batch, make_network

import gevb
from gevb.theory import exact
from gevb.theory import sign_match as sm
from gevbook.sign_match import figures
from gevbook.sign_match.widget import break_the_signs


def case(seed: int, kind: str = "fc", **network):
    rng = Random(seed)
    net = exact.random_network(rng, kind, **network)
    x, e = exact.random_example(net, rng)
    return exact.centred(net, x), x, e


def test_equal_signs_are_counted_where_there_is_a_gradient():
    updates = [torch.tensor([1.0, -1.0, 0.0, 2.0]), torch.tensor([[3.0], [-1e-30]])]
    gradients = [
        torch.tensor([2.0, 1.0, 1.0, 0.0]),
        torch.tensor([[-3.0], [-1e-30]]),
    ]  # whose product is 0
    assert sm.equal_signs(updates, gradients) == (2, 5)
    assert sm.equal_signs(updates[0], gradients[0]) == (1, 3)
    assert sm.equal_signs([], []).percent != sm.equal_signs([], []).percent  # nan
    assert sm.Signs(3, 4).percent == 75
    with pytest.raises(ValueError, match="shorter"):
        sm.equal_signs(updates, gradients[:1])


@pytest.mark.parametrize("arch", ["fc", "conv"])
def test_example_signs_are_those_of_autograd(arch):
    network = make_network(arch)
    x, y = make_batch()
    same, acting = 0, 0
    weights = [layer.weights.weight for layer in network.layers]
    for k in range(len(x)):
        loss = torch.nn.functional.cross_entropy(network(x[[k]]), y[[k]])
        network.zero_grad()
        gevb.GEVB(network).backward(x[[k]], y[[k]])
        for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            acting += int(gradient.ne(0).sum())
            same += int((gradient.sign() * weight.grad.sign()).eq(1).sum())
    counted = sm.example_signs(gevb.GEVB(network), x, y)
    assert counted == (same, acting)
    first = sm.example_signs(gevb.GEVB(network), x, y, slice(1))
    rest = sm.example_signs(gevb.GEVB(network), x, y, slice(1, None))
    assert (first.same + rest.same, first.acting + rest.acting) == counted


@pytest.mark.parametrize("kind", exact.KINDS)
def test_no_violation(kind):
    tally = exact.survey(300, kind, seed=1)
    assert tally.networks == 300
    assert tally.same > 1000
    assert tally.silent > 0
    assert (tally.wrong, tally.unexplained, tally.broken) == (0, 0, 0)
    assert tally.agreement == 100


@pytest.mark.parametrize(
    ("kind", "dropped"),
    [
        ("fc", {"negative": 1}),
        ("conv", {"negative": 1}),
        ("fc", {"nonlinearity": "relu"}),
        ("conv", {"nonlinearity": "relu"}),
        ("fc", {"per": "batch"}),
        ("conv", {"per": "batch"}),
        ("conv", {"per": "kernel"}),
    ],
)
def test_counterexamples_without_an_assumption(kind, dropped):
    assert exact.survey(250, kind, seed=1, **dropped).broken > 0


def test_sum_over_positions_is_no_sum_in_fully_connected_layers():
    assert exact.survey(100, "fc", per="kernel") == exact.survey(100, "fc")


@pytest.mark.parametrize("kind", exact.KINDS)
@pytest.mark.parametrize("nonlinearity", exact.NONLINEARITIES)
def test_gradient_is_the_difference_quotient(kind, nonlinearity):
    """The two are equal, since the loss is a parabola in one weight."""
    for seed in range(3):
        net, x, e = case(seed, kind, nonlinearity=nonlinearity)
        trace = exact.forward(net, x)
        y = [a - v for a, v in zip(trace.output, e, strict=True)]
        terms = exact.gradient(net, trace, e)
        for l, layer in enumerate(net.layers):
            for w in range(len(layer.weight)):
                for mu in range(1 if layer.shared else len(e)):
                    total = sum(
                        term[mu]
                        for (_, _, index), term in zip(layer.synapses, terms[l], strict=True)
                        if index == w
                    )
                    assert exact.derivative(net, x, y, l, w, mu) == total


def test_same_as_the_package():
    """Forward pass, gradient and GEVB update of a network with the same numbers."""
    net = sm.small_network()
    package = gevb.Network((1, 1, 2), 2, [gevb.FC(4)] * 3).double()
    with torch.no_grad():
        for l, (layer, ours) in enumerate(zip(package.layers, net.layers, strict=True)):
            n = len(ours.bias)
            weight = torch.tensor([[float(v) for v in w] for w in ours.weight])
            weight = weight if l == 0 else weight[:, :1]
            layer.weights.unit_view().copy_(weight.T.unflatten(1, (n, -1)))
            if layer.gate is not None:
                layer.gate.t.copy_(torch.tensor(ours.t).T)
    for x in sm.small_inputs():
        trace = exact.forward(net, x)
        image = torch.tensor([float(v) for v in x], dtype=torch.float64).view(1, 1, 1, 2)
        logits = package(image)
        assert logits[0].tolist() == pytest.approx([float(v) for v in trace.output])
        target = torch.tensor([[0.5, -0.25]], dtype=torch.float64)
        e = [v - Fraction(t) for v, t in zip(trace.output, target[0].tolist(), strict=True)]
        for rule, ours in ((gevb.BP, exact.gradient), (gevb.GEVB, exact.broadcast)):
            package.zero_grad()
            rule(package, gevb.mean_squared_error).backward(image, target)
            scale = float(e[0]) / gevb.mean_squared_error(logits.detach(), target)[1][0, 0].item()
            for l, layer in enumerate(package.layers):
                wanted = [[float(v) for v in term] for term in ours(net, trace, e)[l]]
                got = scale * layer.weights.weight.grad.unflatten(0, (2 if l == 0 else 1, -1))
                assert got.flatten(1).T.tolist() == [pytest.approx(row) for row in wanted]


def test_feedback_is_the_sum_over_active_paths():
    for seed in range(20):
        net, x, _ = case(seed, "fc" if seed % 2 else "conv")
        trace = exact.forward(net, x)
        for l, layer in enumerate(exact.feedback(net, trace)):
            for i, dhat in enumerate(layer):
                paths = exact.active_paths(net, trace, l, i)
                assert dhat == sum(paths.values())
                assert (dhat > 0) == bool(paths)


def test_paths_by_hand():
    net = sm.small_network()
    trace = exact.forward(net, sm.small_inputs()[2])
    half = Fraction(1, 2)
    assert exact.active_paths(net, trace, 0, 1) == {
        (1, 0, 0, 0): half,
        (1, 0, 1, 0): half**3,
        (1, 1, 1, 0): 1,
    }
    assert exact.active_paths(net, trace, 2, 3) == {}


def test_silent_weights_get_the_sign_they_would_have():
    """Appendix C: the output weight is zero; a small positive one gives the update's sign."""
    net = sm.small_network()
    x, e = sm.small_inputs()[1], [Fraction(1), Fraction(-3)]
    trace = exact.forward(net, x)
    connected = exact.nudged(net, 3, 3, 0, Fraction(1, 1000))
    found = 0
    for s, (i, _, _) in enumerate(net.layers[2].synapses):
        if i == 3:
            (update,) = exact.broadcast(net, trace, e)[2][s]
            assert exact.gradient(net, trace, e)[2][s] == [0]
            (would_be,) = exact.gradient(connected, exact.forward(connected, x), e)[2][s]
            assert exact.sign(would_be) == exact.sign(update)
            found += bool(update)
    assert found


def test_relu_cannot_go_wrong_below_three_hidden_layers():
    """Its global Jacobian is the output weight times the identity in the last hidden layer, and
    in the first layer no weight is shared."""
    for seed in range(40):
        net, x, e = case(seed, nonlinearity="relu", widths=[3, 4, 4], K=3)
        assert exact.compare(net, [(x, e)]).wrong == 0


def test_negative_weights_are_nested_and_counted():
    net, *_ = case(0, widths=[3, 4, 4])

    def negative(number):
        turned = exact.with_negative(net, Random(5), number)
        return {
            (l, w)
            for l, layer in enumerate(turned.layers)
            for w, values in enumerate(layer.weight)
            if layer.shared and values[0] < 0
        }

    assert [len(negative(n)) for n in (0, 1, 4)] == [0, 1, 4]
    assert negative(1) < negative(4)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: exact.random_network(Random(0), "lc"), "kind: got 'lc'"),
        (lambda: exact.random_network(Random(0), nonlinearity="tanh"), "nonlinearity: got 'tanh'"),
        (lambda: exact.survey(1, per="epoch"), "per: got 'epoch'"),
        (lambda: exact.with_negative(sm.small_network(), Random(0), 99), "number: got 99"),
        (lambda: exact.later_layer([[1, 2], [1]], [[0], [0]]), "layer: got 2 rows"),
        (lambda: sm.broken_case(percent=101), "percent: got 101"),
        (lambda: sm.sign_matrix(sm.broken_case(), 1), "layer: got 1, wanted 2 to 5"),
        (lambda: sm.global_jacobian(make_network("fc"), make_batch()[0][:1], 4), "layer: got 4"),
        (lambda: sm.global_jacobian(make_network("fc"), make_batch()[0], 1), "got 5 examples"),
    ],
)
def test_bad_input(call, says):
    with pytest.raises(gevb.InputError, match=says):
        call()


def test_derivative_refuses_a_threshold():
    net = sm.small_network()
    x = [Fraction(0), Fraction(0)]
    y = [Fraction(1), Fraction(1)]
    assert exact.derivative(net, x, y, 3, 0) == 0  # no gate depends on an output weight
    edge = [Fraction(1), Fraction(1)]
    first = net.layers[0]
    on_edge = [sum(t * w for t, w in zip(first.t[0], first.weight[0], strict=True))]
    bias = [[-on_edge[0] - first.weight[1][0] - first.weight[1][1], Fraction(0)]]
    moved = net._replace(layers=[first._replace(bias=bias + first.bias[1:]), *net.layers[1:]])
    with pytest.raises(gevb.InputError, match="a gate at its threshold"):
        exact.derivative(moved, edge, y, 0, 0)


@pytest.mark.parametrize("arch", ["fc", "conv-pool", "lc-pool", "mixed-kinds"])
def test_global_jacobian_is_dhat_times_identity(arch):
    network = make_network(arch)
    x, y = make_batch(size=1)
    dhat = gevb.BP(network).feedbacks(x, y)
    eye = torch.eye(network.K, dtype=torch.float64)
    for l, values in enumerate(dhat, start=1):
        wanted = torch.einsum("mn,...->mn...", eye, values[0])
        torch.testing.assert_close(sm.global_jacobian(network, x, l), wanted)
    top = sm.global_jacobian(network, x, len(network.layers))
    torch.testing.assert_close(top[..., 0], eye)


def test_sign_matrix_and_agreement():
    good, bad = sm.broken_case(percent=0), sm.broken_case(percent=30, seed=33)
    assert {v for row in sm.sign_matrix(good, 2) for v in row} == {0, 1}
    assert {v for row in sm.sign_matrix(bad, 2) for v in row} == {-1, 0, 1}
    assert all({-1, 1} - set(row) for row in sm.sign_matrix(bad, 2))  # rows turn as a whole
    assert sm.agreement([good]) == [100] * 5
    assert min(sm.agreement([bad])) < 100
    relu = sm.broken_case("relu", 0, seed=33)
    assert any({-1, 1} <= set(row) for row in sm.sign_matrix(relu, 2))  # and here they do not


def test_figures():
    net, inputs = sm.small_network(), sm.small_inputs()
    figure = figures.active_paths(net, inputs)
    assert len(figure.frames) == len(inputs)
    names = [trace.name for trace in figure.data if trace.name]
    assert names == ["active, with a path", "active, without", "inactive"]
    assert "Without a line to the next layer: unit 4 of hidden 3." in figure.layout.meta["alt"]
    figure = figures.half_planes([1, 0.5, 0])
    assert [t.name for t in figure.data if t.meta == "key"] == [
        "update has the gradient's sign",
        "it has not",
    ]
    right = [len(frame.data[0].x) for frame in figure.frames]
    assert right[0] == 72
    assert right == sorted(right, reverse=True)
    wrong = 100 * (72 - right[2]) / 72
    assert f"0 % at r = 1, 8 % at r = 0.5, {wrong:.0f} % at r = 0." in figure.layout.meta["alt"]
    matrices = {p: sm.sign_matrix(sm.broken_case(percent=p), 2) for p in (0, 20)}
    figure = figures.sign_matrices({"gate": matrices, "other": matrices})
    assert len(figure.frames) == 2
    figure = figures.sign_matrices({"gate": {20: [[1, -1], [-1, 0]]}})
    assert "gate 2 with 20 %." in figure.layout.meta["alt"]
    assert not figure.layout.sliders  # nothing to choose
    assert "gate: 100 % at 0 %" in figures.agreement({"gate": {0: 100.0}}).layout.meta["alt"]


def test_widget():
    widget = break_the_signs()
    *rows, says, _ = widget.children
    assert says.value.startswith("right signs, layer 1: 100 %")
    seed = rows[3].children[1]
    says.value = ""
    seed.value = 2
    assert says.value.startswith("right signs, layer 1: 100 %")


def test_convolution_wiring():
    """Every position of the kernel, from the definition."""
    rng = Random(3)
    net = exact.random_network(rng, "conv")
    layer = net.layers[0]
    channels = len(layer.bias) // 4
    assert len(layer.synapses) == channels * 4 * 4
    for c, y, x in product(range(channels), range(2), range(2)):
        unit = (c * 2 + y) * 2 + x
        senders = {(j, w) for i, j, w in layer.synapses if i == unit}
        assert senders == {
            ((y + v) * 3 + x + u, c * 4 + v * 2 + u) for v, u in product(range(2), range(2))
        }
