"""The playground computes what the package does, by value."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from node import as_json, in_node, parameters

import gevb
from gevb.networks import FC, Network
from gevb.seeds import stream
from gevb.theory.on_off import plain_nonnegative

INITS = {"onoff": gevb.on_off, "plain": plain_nonnegative, "he": gevb.he}
KINDS = {
    "vnn": (True, True),
    "mixed": (True, False),
    "scalar": (False, True),
    "ordinary": (False, False),
}
OPTIMIZERS = {"adam": (torch.optim.Adam, 0.003), "sgd": (torch.optim.SGD, 0.05)}
# A rule for a kind that has components to broadcast to; the clamp where weights are to be >= 0.
CASES = [
    (kind, init, rule, optimizer, clamped)
    for kind, init, rule, optimizer in product(KINDS, INITS, gevb.rules.RULES, OPTIMIZERS)
    for clamped in ([True, False] if KINDS[kind][1] else [False])
    if rule != "gevb" or KINDS[kind][0]
]
INPUTS, CLASSES, HIDDEN, BATCH, STEPS = 6, 4, (8, 10, 6), 16, 50
FEEDBACK = 3  # the seed of random feedback


def make(kind: str, init: str, seed: int = 0) -> Network:
    """A network whose biases are not zero.

    Where they are, t . h of a unit with t = 1 and closed gates below is zero but for rounding: the
    components of e sum to zero.
    """
    vectorized, nonnegative = KINDS[kind]
    network = Network(
        (1, 1, INPUTS),
        CLASSES,
        [FC(n) for n in HIDDEN],
        vectorized=vectorized,
        nonnegative=nonnegative,
        initializer=INITS[init],
        seed=seed,
    ).double()
    generator = torch.Generator().manual_seed(seed + 100)
    with torch.no_grad():
        for layer in network.layers:
            bias = layer.weights.bias
            bias.copy_(torch.randn(bias.shape, generator=generator, dtype=torch.float64) / 10)
    return network


def same(got: list[float], wanted: torch.Tensor, rtol: float) -> None:
    torch.testing.assert_close(
        torch.tensor(got, dtype=torch.float64), wanted.flatten().double(), rtol=rtol, atol=1e-15
    )


def batches() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(STEPS, BATCH, INPUTS, generator=generator, dtype=torch.float64)
    means = torch.randn(CLASSES, INPUTS, generator=generator, dtype=torch.float64)
    y = torch.randint(CLASSES, (STEPS, BATCH), generator=generator)
    return x + means[y], y


@pytest.fixture(scope="module")
def computed() -> list[dict[str, Any]]:
    """What the page's arithmetic makes of every case in 50 steps."""
    x, y = batches()
    cases = [
        {
            "network": as_json(make(kind, init)),
            "init": init,
            "rule": rule,
            "optimizer": optimizer,
            "rate": OPTIMIZERS[optimizer][1],
            "clamped": clamped,
        }
        for kind, init, rule, optimizer, clamped in CASES
    ]
    return in_node(
        """return cases.map(({ network, init, rule, optimizer, rate, clamped }) => {
          for (const layer of network.layers) {
            for (const name of ["weight", "bias", "gating"]) {
              layer[name] &&= Float64Array.from(layer[name]);
            }
          }
          const fixed = Initial.feedback(rule, network, init, seed);
          const descent = new { adam: Networks.Adam, sgd: Networks.SGD }[optimizer](rate);
          const first = Networks.learn(network, rule, fixed, x[0].flat(), y[0], y[0].length);
          x.forEach((pictures, n) => {
            const labels = y[n], input = Float64Array.from(pictures.flat());
            const { gradients } = Networks.learn(network, rule, fixed, input, labels, labels.length);
            descent.step(network, gradients);
            if (clamped) Networks.clamp(network);
          });
          return { first, after: network.layers.flatMap(({ weight, bias }) => [weight, bias]) };
        });""",
        x=x.tolist(),
        y=y.tolist(),
        cases=cases,
        seed=FEEDBACK,
    )


@pytest.mark.parametrize("case", range(len(CASES)), ids=["-".join(map(str, c)) for c in CASES])
def test_every_weight_after_50_steps_is_the_packages(computed, case: int):
    kind, init, rule_name, optimizer, clamped = CASES[case]
    network = make(kind, init)
    before = parameters(network)
    rule = gevb.make_rule(rule_name, network, seed=FEEDBACK)
    kind_of, rate = OPTIMIZERS[optimizer]
    descent = kind_of(network.parameters(), lr=rate)
    x, y = batches()
    images = x.view(STEPS, BATCH, 1, 1, INPUTS)
    trace = network.trace(images[0])
    first = computed[case]["first"]
    assert torch.equal(
        torch.tensor([v for layer in first["trace"]["open"][:-1] for v in layer]).bool(),
        torch.cat([gate.flatten() for gate in trace.gates]),
    )
    for got, wanted in zip(first["heard"], rule.feedbacks(images[0], y[0]), strict=False):
        same(got, wanted, 1e-10)
    for pictures, labels in zip(images, y, strict=True):
        descent.zero_grad()
        rule.backward(pictures, labels)
        descent.step()
        if clamped:
            network.clamp_()
    difference = 0.0
    for got, wanted, old in zip(
        computed[case]["after"], parameters(network), before, strict=True
    ):
        difference = max(difference, *(abs(a - b) for a, b in zip(got, wanted, strict=True)))
        assert wanted != old, "nothing was learned"
    print(f"largest difference {difference:.1e}")
    assert difference <= 1e-9


@pytest.mark.parametrize("seed", [0, 1, 12345])
@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hidden", [(8,), (64, 32), (10, 8, 12, 22)])
def test_seeds_are_the_packages(kind: str, init: str, hidden: tuple[int, ...], seed: int):
    vectorized, nonnegative = KINDS[kind]
    network = Network(
        (1, 1, INPUTS),
        CLASSES,
        [FC(n) for n in hidden],
        vectorized=vectorized,
        nonnegative=nonnegative,
        initializer=INITS[init],
        seed=seed,
    ).double()
    got = in_node(
        """const network = Initial.network(settings);
        return { network, fa: Initial.feedback("fa", network, settings.init, settings.seed),
          dfa: Initial.feedback("dfa", network, settings.init, settings.seed) };""",
        settings={
            "inputs": INPUTS,
            "classes": CLASSES,
            "hidden": hidden,
            "vectorized": vectorized,
            "nonnegative": nonnegative,
            "init": init,
            "seed": seed,
        },
    )

    wanted = as_json(network)
    for layer, other in zip(got["network"]["layers"], wanted["layers"], strict=True):
        same(layer["weight"], torch.tensor(other["weight"], dtype=torch.float64), 1.2e-7)  # a bit of float32
        assert layer["bias"] == other["bias"]
        assert layer["gating"] == other["gating"]
    fa, dfa = gevb.FA(network, seed=seed), gevb.DFA(network, seed=seed)
    for weight, layer in zip(got["fa"][1:], fa.above, strict=True):
        same(weight, layer.weight.detach(), 1e-13)
    same(got["dfa"]["matrix"], dfa.matrix, 0)


@pytest.mark.parametrize("seed", [0, 7, 2**31, 2**32 - 1])
def test_order_and_draws_are_torchs(seed: int):
    got = in_node(
        """const stream = () => Random.stream(seed, "order");
        return { order: stream().permutation(1437), few: stream().normals(5),
          odd: stream().normals(37), choice: stream().integers(3, 9), uniform: stream().uniforms(4) };""",
        seed=seed,
    )
    double = {"dtype": torch.float64}
    assert got["order"] == torch.randperm(1437, generator=stream(seed, "order")).tolist()
    assert got["choice"] == torch.randint(3, (9,), generator=stream(seed, "order")).tolist()
    assert got["uniform"] == torch.rand(4, generator=stream(seed, "order"), **double).tolist()
    for name, n in (("few", 5), ("odd", 37)):
        wanted = torch.randn(n, generator=stream(seed, "order"), **double)
        torch.testing.assert_close(torch.tensor(got[name], **double), wanted, rtol=1e-13, atol=1e-16)
