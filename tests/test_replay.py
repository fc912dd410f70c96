"""Replayed steps are the steps, bit by bit; by a stand-in for CUDA graphs, on the processor."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import gevb
from gevb.data import Dataset, Split
from gevb.networks import ARCHITECTURES
from gevb.replay import WARM_UP, Replayed
from gevb.training import Trainer

CPU = torch.device("cpu")
BATCH = 32


class Recording(TorchDispatchMode):
    """Does again what was done, to the same tensors, as a CUDA graph does.

    It refuses what cannot be captured: to look at a number, or at how many there are.
    """

    REFUSED = ("_local_scalar_dense", "nonzero")

    def __init__(self, action) -> None:
        super().__init__()
        self.done, self.replays = [], 0
        with self:
            action()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name, kwargs = func.overloadpacket.__name__, kwargs or {}
        if name in self.REFUSED:
            raise RuntimeError(f"cannot be captured: {name}")
        result = func(*args, **kwargs)
        if not func.is_view:
            self.done.append((func, args, kwargs, result))
        return result

    @torch.no_grad()
    def __call__(self) -> None:
        self.replays += 1
        if self.replays == 1:
            return  # Unlike a graph's, its capture did the first step.
        for func, args, kwargs, result in self.done:
            again = func(*args, **kwargs)
            for old, new in zip(tree_leaves(result), tree_leaves(again), strict=True):
                if isinstance(old, torch.Tensor) and old is not new:
                    old.copy_(new)


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Six batches of digits, and a ragged one."""
    train = gevb.load("digits").train
    few = Split(train.x[: 6 * BATCH + 13], train.y[: 6 * BATCH + 13], train.classes)
    return Dataset("digits", few, few)


def same_state(*states: dict) -> bool:
    for state in states:
        for group in state["optimizer"]["param_groups"]:
            del group["capturable"]
    leaves = [tree_leaves(state) for state in states]
    return all(
        torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
        for a, b in zip(*leaves, strict=True)
    )


CASES = [
    gevb.Config(arch=arch, rule=rule, vectorized=v, nonnegative=n, batch_size=BATCH)
    for arch in ARCHITECTURES["digits"]
    for rule in gevb.rules.RULES
    for v in (True, False)
    for n in (True, False)
    if v or rule != "gevb"
]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("config", CASES, ids=lambda config: config.experiment)
def test_replayed_training_is_the_same(config, data):
    usual, replayed = Trainer(config, data, CPU), Trainer(config, data, CPU, Recording)
    losses = []
    for trainer in (usual, replayed):
        for _ in range(2):
            trainer.train_epoch(lambda trainer=trainer: losses.append(trainer.loss.item()))
    assert losses[: len(losses) // 2] == losses[len(losses) // 2 :]
    assert same_state(usual.state(), replayed.state())
    assert replayed.learn.replay.replays == 2 * 6 - WARM_UP


def test_goes_on_from_a_state(data):
    """What was captured works on tensors that are no longer the optimizer's."""
    config = gevb.Config(batch_size=BATCH)
    trainer = Trainer(config, data, CPU, Recording)
    trainer.train_epoch()
    kept = copy.deepcopy(trainer.state())
    trainer.train_epoch()
    wanted = copy.deepcopy(trainer.state())
    trainer.load_state(kept)
    assert trainer.learn.replay is None
    trainer.train_epoch()
    assert trainer.learn.replay is not None
    assert same_state(trainer.state(), wanted)


def test_a_step_that_waits_cannot_be_captured(data):
    """The stand-in notices what a GPU would."""
    trainer = Trainer(gevb.Config(batch_size=BATCH), data, CPU)

    def step(index):
        return trainer.rule.backward(data.train.x[index], data.train.y[index])  # Checks labels.

    index = torch.arange(BATCH)
    replayed = Replayed(step, BATCH, Recording)
    for _ in range(WARM_UP):
        replayed(index)
    with pytest.raises(RuntimeError, match="cannot be captured: _local_scalar_dense"):
        replayed(index)


def test_without_a_gpu(config):
    with pytest.raises(gevb.InputError, match="replay: got device cpu, wanted a GPU"):
        gevb.lab.train(replace(config, epochs=0), device="cpu", progress=False, replay=True)
