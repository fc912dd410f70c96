"""Odd input to public functions: harmless input is taken, any other refused in one line."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from conftest import make_batch, make_network

import gevb
from gevb.errors import check_path
from gevb.lab.maps import Settings
from gevb.seeds import stream

pytestmark = pytest.mark.usefixtures("unchecked")
IMAGES, LABELS = torch.zeros(4, 1, 8, 8), torch.tensor([0, 1, 2, 3])
INF, NAN = math.inf, math.nan


def network(**kind: object) -> gevb.Network:
    return gevb.build("digits", (gevb.FC(4),), **kind)


REFUSED = {
    "images of nan": (lambda: gevb.Split(IMAGES + NAN, LABELS, 10), "images: got numbers that are"),
    "images of inf": (lambda: gevb.Split(IMAGES - INF, LABELS, 10), "images: got numbers that are"),
    "pixels 0 to 255": (lambda: gevb.Split(IMAGES.byte(), LABELS, 10), "torch.uint8, wanted float"),
    "flat images": (
        lambda: gevb.Split(IMAGES.flatten(1), LABELS, 10),
        r"images of shape \(4, 64\)",
    ),
    "images in words": (lambda: gevb.Split("abcd", LABELS, 10), "images: got 'abcd', wanted a ten"),
    "labels in a column": (
        lambda: gevb.Split(IMAGES, LABELS[:, None], 10),
        r"labels of shape \(4, 1\), wanted \(N, channels, height, width\) and \(N,\)",
    ),
    "labels of truth": (lambda: gevb.Split(IMAGES, LABELS > 0, 10), "labels: got torch.bool"),
    "no labels": (lambda: gevb.Split(IMAGES, None, 10), "labels: got None, wanted a tensor"),
    "half a class": (lambda: gevb.Split(IMAGES, LABELS, 9.5), "classes: got 9.5"),
    "batch of -1": (
        lambda: gevb.evaluate(network(), gevb.Split(IMAGES, LABELS, 10), -1),
        "batch size: got -1, wanted a whole number >= 1",
    ),
    "batch of half": (
        lambda: gevb.evaluate(network(), gevb.Split(IMAGES, LABELS, 10), 0.5),
        "batch size: got 0.5",
    ),
    "vectorized no": (lambda: gevb.Config(vectorized="no"), "vectorized: got 'no', wanted True or"),
    "nonnegative 1": (lambda: gevb.Config(nonnegative=1), "nonnegative: got 1, wanted True or"),
    "epochs true": (lambda: gevb.Config(epochs=True), "epochs: got True, wanted a whole number"),
    "epochs without end": (lambda: gevb.Config(epochs=10**400), "epochs: got .*, wanted at most"),
    "epochs too long to write": (
        lambda: gevb.Config(epochs=10**5000),
        "epochs: got a very large int, wanted at most",
    ),
    "rate in words": (lambda: gevb.Config(learning_rate="0.1"), "learning_rate: got '0.1', wanted"),
    "rate too large": (lambda: gevb.Config(learning_rate=10**400), "learning_rate: got 1000"),
    "seed too large": (lambda: gevb.Config(seed=2**32), "seed: got 4294967296, wanted at most"),
    "seed of half": (lambda: network(seed=0.5), "seed: got 0.5, wanted a whole number >= 0"),
    "seed in words": (lambda: stream("0", "weights"), "seed: got '0', wanted a whole number"),
    "data set in a list": (lambda: gevb.Config(dataset=["digits"]), r"dataset: got \['digits'\]"),
    "rule is none": (lambda: gevb.Config(rule=None), "rule: got None, wanted one of bp, fa"),
    "rule of no network": (lambda: gevb.GEVB("network"), "network: got 'network', wanted a gevb"),
    "width of half": (lambda: gevb.build("digits", [gevb.FC(2.5)]), "width: got 2.5, wanted"),
    "width in words": (
        lambda: gevb.build("digits", [gevb.FC("2")]),
        "width: got '2', wanted",
    ),
    "layer in no list": (lambda: gevb.build("digits", gevb.FC(4)), r"FC\(width=4\), wanted a list"),
    "layer is a number": (
        lambda: gevb.build("digits", [4]),
        "architecture: got 4, wanted FC, Conv",
    ),
    "no architecture": (
        lambda: gevb.build("digits", None),
        "architecture: got None, wanted a list",
    ),
    "no image": (
        lambda: gevb.Network((0, 8, 8), 3, [gevb.FC(4)]),
        "input_shape: got 0, wanted a whole number >= 1",
    ),
    "height below zero": (lambda: gevb.Network((1, -8, 8), 3, []), "input_shape: got -8, wanted"),
    "flat input": (lambda: gevb.Network((64,), 3, []), r"input_shape: got \(64,\), wanted \(chan"),
    "input of a number": (lambda: gevb.Network(64, 3, []), "input_shape: got 64, wanted"),
    "half a network": (lambda: gevb.Network((1, 8, 8), 2.5, []), "classes: got 2.5"),
    "initializer in words": (
        lambda: network(initializer="he"),
        "initializer: got 'he', wanted a f",
    ),
    "input in whole numbers": (lambda: network()(IMAGES.long()), "input: got torch.int64 on cpu"),
    "input in words": (lambda: network()("image"), "input: got 'image', wanted a tensor"),
    "input elsewhere": (
        lambda: network()(IMAGES.to("meta")),
        "on meta, wanted torch.float32 on cpu",
    ),
    "logits of one axis": (
        lambda: gevb.cross_entropy(torch.zeros(3), torch.tensor(1)),
        r"logits: got Tensor of shape \(3,\) of torch.float32, wanted \(B >= 1, classes\)",
    ),
    "no logits": (
        lambda: gevb.mean_squared_error(torch.zeros(0, 3), torch.zeros(0, 3)),
        "logits: got Tensor of shape",
    ),
    "truth as label": (
        lambda: gevb.cross_entropy(torch.zeros(2, 2), torch.tensor([True, False])),
        "labels: got torch.bool, wanted whole numbers",
    ),
    "labels in words": (
        lambda: gevb.GEVB(network()).backward(IMAGES, ["zero", "one", "two", "three"]),
        "labels: got .*, wanted a tensor",
    ),
    "layer of half": (lambda: gevb.Linear(2.5, 3, 4), "K: got 2.5, wanted a whole number"),
    "layer of none": (lambda: gevb.Linear(2, 0, 4), "inputs: got 0, wanted a whole number >= 1"),
    "stride of 0": (
        lambda: gevb.Conv2d(2, (1, 8, 8), 4, 3, stride=0),
        "stride: got 0, wanted a wh",
    ),
    "padding of half": (
        lambda: gevb.LocallyConnected2d(2, (1, 8, 8), 4, 3, padding=0.5),
        "padding",
    ),
    "flat image": (lambda: gevb.Conv2d(2, (8,), 4, 3), r"in_units: got \(8,\), wanted \(channels"),
    "window of half": (lambda: gevb.AvgPool2d((1, 8, 8), 0.5), "pooling window: got 0.5, wanted"),
    "gates in words": (lambda: gevb.Gate("on"), "t: got 'on', wanted a tensor"),
    "no device": (
        lambda: gevb.load("digits", device="tpu"),
        "device: got 'tpu', which PyTorch does",
    ),
    "config in words": (
        lambda: gevb.lab.train("digits"),
        "config: got 'digits', wanted a gevb.Con",
    ),
    "until in words": (
        lambda: gevb.lab.train(gevb.Config(), until="1"),
        "until: got '1', wanted a whole number",
    ),
    "seed of a map": (lambda: Settings(seed=2**40), "seed: got 1099511627776, wanted at most"),
    "half an iteration": (
        lambda: Settings(iterations=300.5),
        "iterations: got 300.5, wanted a whole",
    ),
    "error of an evaluation": (
        lambda: gevb.Evaluation(0, NAN, 0.0, 0.0, 0.0, ()),
        "train_error: got nan, wanted a number >= 0 and <= 100",
    ),
    "no path": (
        lambda: check_path("folder", None),
        "folder: got None, wanted the name of a folder",
    ),
    "path of nobody": (
        lambda: check_path("folder", "~nosuchuser/x"),
        "folder: got '~nosuchuser/x'",
    ),
    "path with a null": (lambda: check_path("folder", "a\0b"), "folder: got 'a"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_one_line_for_what_cannot_be_meant(name):
    call, wanted = REFUSED[name]
    with pytest.raises(gevb.InputError, match=wanted) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_autocast_is_refused():
    """Its types are not those of the updates, which would be formed in both."""
    with torch.autocast("cpu", torch.bfloat16), pytest.raises(gevb.InputError, match="autocast"):
        gevb.GEVB(network()).backward(IMAGES, LABELS)


def test_an_image_without_a_decision_is_an_error():
    """nan is the largest of any logits, and would be a decision for class 0."""
    net = network()
    net.layers[0].weights.weight.data.fill_(NAN)
    error, loss = gevb.evaluate(net, gevb.Split(IMAGES, torch.zeros(4, dtype=torch.long), 10))
    assert error == 100
    assert math.isnan(loss)


def test_frozen_parameters_are_not_trained():
    net = network()
    net.layers[0].weights.requires_grad_(False)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    rule = gevb.BP(net)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    x = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    gevb.train_epoch(rule, optimizer, [(x, LABELS)])
    moved = {
        name for name, value in net.state_dict().items() if not torch.equal(value, before[name])
    }
    assert moved == {"layers.1.weights.weight", "layers.1.weights.bias"}
    first, second = rule.updates(x, LABELS)
    assert not first.any()
    assert second.any()


def test_minus_infinite_logits_are_counted_as_torch_does():
    logits = torch.tensor([[0.0, -INF, 1.0], [-INF, 2.0, 0.5]], dtype=torch.float64)
    y = torch.tensor([2, 1])
    loss, e = gevb.cross_entropy(logits, y)
    torch.testing.assert_close(loss, F.cross_entropy(logits, y), rtol=1e-14, atol=0)
    assert e.isfinite().all()
    never = torch.tensor([1, 1])
    assert gevb.cross_entropy(logits, never)[0] == F.cross_entropy(logits, never) == INF


@pytest.mark.parametrize("rule", gevb.rules.RULES)
def test_a_rule_follows_its_network_to_another_type(rule):
    x, y = make_batch()
    net = make_network("conv").float()
    early = gevb.make_rule(rule, net, seed=3)
    net.double()
    late = gevb.make_rule(rule, net, seed=3)
    for got, wanted in zip(early.updates(x, y), late.updates(x, y), strict=True):
        assert got.dtype == torch.float64
        assert torch.equal(got, wanted)


def test_arrays_and_lists_will_do():
    x = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    net = network()
    read_only = x.numpy().copy()
    read_only.setflags(write=False)
    for images in (x.numpy(), read_only, x.tolist(), x.double(), x.double().numpy()):
        assert torch.equal(net(images), net(x))
        for labels in (LABELS.numpy(), LABELS.tolist(), LABELS.to(torch.uint8)):
            got, wanted = (
                gevb.BP(net).updates(*batch) for batch in ((images, labels), (x, LABELS))
            )
            assert all(torch.equal(u, v) for u, v in zip(got, wanted, strict=True))
            split = gevb.Split(images, labels, 10)
            assert gevb.evaluate(net, split) == gevb.evaluate(net, gevb.Split(x, LABELS, 10))
    loss, e = gevb.cross_entropy([[0.0, 1.0]], [1])
    assert (loss, e.shape) == (pytest.approx(math.log(1 + math.exp(-1))), (1, 2))


def test_numpys_numbers_will_do():
    config = gevb.Config(
        epochs=np.int64(2), seed=np.uint8(3), learning_rate=np.float32(0.25), vectorized=np.True_
    )
    assert config == gevb.Config(epochs=2, seed=3, learning_rate=0.25)
    values = (config.epochs, config.seed, config.learning_rate, config.vectorized)
    assert [type(value) for value in values] == [int, int, float, bool]
    whole = gevb.Network(
        [1, np.int64(8), 8], np.int64(10), [gevb.FC(np.int64(4))], seed=np.int64(0)
    )
    assert whole.input_shape == (1, 8, 8)
    assert torch.equal(whole(IMAGES), network()(IMAGES))


def test_numpys_learning_rate_can_be_written(tmp_path):
    config = gevb.Config(epochs=0, learning_rate=np.float32(0.25))
    gevb.lab.train(config, tmp_path, device="cpu", progress=False)
    assert gevb.lab.train(config, tmp_path, resume=True, device="cpu", progress=False).record.config
