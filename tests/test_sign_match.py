"""The theorem: in a VNN every GEVB update has the gradient's sign, example by example."""

from __future__ import annotations

import torch
from conftest import gradients, make_batch, make_network
from hypothesis import given, settings
from hypothesis import strategies as st

import gevb
from gevb.networks import FC, LC, Conv, Network, Pool

STAGES = st.sampled_from(
    [
        (),
        (Conv(4, 3, 1, 1), Pool(2)),
        (Conv(2, 2, 1, 0), Conv(4, 2, 2, 1)),
        (LC(4, 3, 1, 1), Pool(2)),
        (LC(2, 3, 2, 0),),
    ]
)
WIDTHS = st.lists(st.integers(2, 6).map(lambda n: FC(2 * n)), min_size=1, max_size=3).map(tuple)


def random_network(data, nonnegative: bool) -> Network:
    """Random depth, widths, K, signs of the biases; weights past the first layer >= 0 or not."""
    network = Network(
        (2, 6, 6),
        data.draw(st.sampled_from([1, 2, 2, 3, 3, 4, 5]), "K"),
        data.draw(STAGES) + data.draw(WIDTHS),
        nonnegative=nonnegative,
        seed=data.draw(st.integers(0, 2**31), "seed"),
    ).double()
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 2**31)))
    sparsity = data.draw(st.sampled_from([0.0, 0.0, 0.3, 0.6, 0.9]))
    with torch.no_grad():
        for layer in network.layers:
            w, b = layer.weights.weight, layer.weights.bias
            if not layer.weights.first:  # Zero weights, as clamping leaves them.
                w.mul_(torch.rand(w.shape, generator=generator) >= sparsity)
            b.copy_(torch.randn(b.shape, generator=generator))
    return network


def both_updates(network: Network, seed: int) -> tuple[dict, dict]:
    """Updates by GEVB and by BP from one random example with squared error."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, *network.input_shape, generator=generator, dtype=torch.float64)
    y = torch.randn(1, network.classes, generator=generator, dtype=torch.float64)
    updates = []
    for rule in (gevb.GEVB, gevb.BP):
        rule(network, gevb.mean_squared_error).backward(x, y)
        updates.append(gradients(network))
    return updates[0], updates[1]


def untied(network: Network) -> Network:
    """The same function with every convolution as a locally connected layer."""
    architecture = [
        LC(s.channels, s.kernel_size, s.stride, s.padding) if isinstance(s, Conv) else s
        for s in network.architecture
    ]
    free = Network(network.input_shape, network.classes, architecture).double()
    with torch.no_grad():
        for tied, own in zip(network.layers, free.layers, strict=True):
            w, b = tied.weights.weight, tied.weights.bias
            if isinstance(tied.weights, gevb.Conv2d):
                w = w.movedim(1, -1).flatten(1)
            own.weights.weight.copy_(w.expand_as(own.weights.weight))
            own.weights.bias.copy_(b.expand_as(own.weights.bias))
            if own.gate is not None:
                own.gate.t.copy_(tied.gate.t)
    return free


def test_signs_match_in_nonnegative_networks():
    reached: list[bool] = []
    check_signs(reached)
    # Most networks must have a gradient down to the first layer, or the test would be empty.
    assert sum(reached) > 0.6 * len(reached)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data())
def check_signs(reached, data):
    """On every weight and bias; of a convolution, on every summand of its update.

    The sum over positions is a different matter: back-propagation weighs the positions by dhat,
    GEVB does not, so the sums can differ in sign.
    """
    network = random_network(data, nonnegative=True)
    free = untied(network)
    seed = data.draw(st.integers(0, 2**31))
    gevb_update, gradient = both_updates(free, seed)
    reached.append(bool(gradient["layers.0.weights.weight"].any()))
    for name, grad in gradient.items():
        nonzero = grad != 0
        assert torch.equal(gevb_update[name].sign()[nonzero], grad.sign()[nonzero]), name
    tied_update, tied_gradient = both_updates(network, seed)
    for update, tied in ((gevb_update, tied_update), (gradient, tied_gradient)):
        for l, layer in enumerate(network.layers):
            name = f"layers.{l}.weights.weight"
            own = update[name]
            if isinstance(layer.weights, gevb.Conv2d):
                own = own.sum(0).reshape(tied[name].movedim(1, -1).shape).movedim(-1, 1)
            torch.testing.assert_close(own, tied[name], rtol=1e-10, atol=1e-12)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.data())
def test_feedback_is_nonnegative_in_nonnegative_networks(data):
    network = random_network(data, nonnegative=True)
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 2**31)))
    x = torch.randn(3, *network.input_shape, dtype=torch.float64, generator=generator)
    y = torch.zeros(3, dtype=torch.long)
    assert all((dhat >= 0).all() for dhat in gevb.BP(network).feedbacks(x, y))


def mismatches(network: Network) -> tuple[int, int]:
    """Weights whose GEVB update and gradient have opposite signs, of those with a gradient."""
    x, y = make_batch(size=1)
    updates = []
    for rule in (gevb.GEVB, gevb.BP):
        rule(network).backward(x, y)
        updates.append(torch.cat([g.flatten() for g in gradients(network).values()]))
    return int((updates[0] * updates[1] < 0).sum()), int((updates[1] != 0).sum())


def test_mixed_signs_break_the_match():
    wrong, of = mismatches(make_network("fc", nonnegative=False))
    assert 0 < wrong < of
    wrong, of = mismatches(make_network("fc", nonnegative=True))
    assert 0 == wrong < of


def test_batches_can_break_the_match():
    """The theorem is about one example: a batch sums examples with different dhat."""
    network = make_network("fc", seed=1)
    x, y = make_batch(size=40)
    updates = []
    for rule in (gevb.GEVB, gevb.BP):
        rule(network).backward(x, y)
        updates.append(gradients(network)["layers.0.weights.weight"])
    assert (updates[0] * updates[1] < 0).any()


def test_unit_without_a_path_to_the_output():
    """Appendix C: zero output weight, so no gradient, but an update of the sign it would have."""
    network = make_network("fc")
    x, y = make_batch()
    example, unit = network.trace(x).gates[-1].nonzero()[0].tolist()
    x, y = x[[example]], y[[example]]
    weights = network.layers[-1].weights.weight
    name = "layers.1.weights.weight"
    with torch.no_grad():
        weights[0, unit] = 0
    gevb.BP(network).backward(x, y)
    assert not gradients(network)[name][unit].any()
    gevb.GEVB(network).backward(x, y)
    update = gradients(network)[name][unit]
    assert update.any()
    with torch.no_grad():
        weights[0, unit] = 1e-6  # Small enough to leave the error vector's signs as they are.
    gevb.BP(network).backward(x, y)
    assert torch.equal(gradients(network)[name][unit].sign(), update.sign())
