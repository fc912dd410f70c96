"""Training on a GPU that is not there: nothing on the wrong device, no waiting within a step."""

from __future__ import annotations

import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensor

import gevb
from benchmarks.fake_gpu import CUDA, Launches, fake_gpu, fake_trainer
from gevb.data import Split
from gevb.datasets import DATASETS
from gevb.networks import ARCHITECTURES
from gevb.training import step

# FA copies fake parameters.
pytestmark = pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")

CASES = [
    (dataset, arch, vectorized, rule)
    for dataset in ARCHITECTURES
    for arch in ARCHITECTURES[dataset]
    for vectorized in (True, False)
    for rule in gevb.rules.RULES
    if vectorized or rule != "gevb"
]


@pytest.fixture(autouse=True)
def gpu():
    with fake_gpu():
        yield


def one_step(trainer: gevb.Trainer, labels: bool = True) -> Launches:
    facts = DATASETS[trainer.config.dataset]
    x = torch.zeros(128, *facts.image_shape, device=CUDA)
    y = torch.zeros(128, dtype=torch.long, device=CUDA)
    with Launches() as counted:
        step(trainer.rule, trainer.optimizer, x, y if labels else x.new_zeros(128, facts.classes))
    return counted


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize(("dataset", "arch", "vectorized", "rule"), CASES)
def test_step(dataset, arch, vectorized, rule, labels):
    config = gevb.Config(dataset=dataset, arch=arch, rule=rule, vectorized=vectorized)
    trainer = fake_trainer(config)
    counted = one_step(trainer, labels)
    assert counted.elsewhere == []
    assert counted.launches < 200  # a fifth of a millisecond to a millisecond of waiting
    for parameter in trainer.network.parameters():
        assert parameter.device.type == parameter.grad.device.type == "cuda"


def test_epoch_and_evaluation_wait_for_one_result_each(monkeypatch):
    """One result of a pass over the training set, of either set's errors, and of the angles."""
    trainer = fake_trainer(gevb.Config(nonnegative=False))
    waited = []
    monkeypatch.setattr(torch.Tensor, "item", lambda t: waited.append(t.shape) or 0.0)
    monkeypatch.setattr(FakeTensor, "tolist", lambda t: waited.append(t.shape) or [0.0] * len(t))
    trainer.train_epoch()
    assert waited == [()]
    trainer.evaluate()
    assert waited == [(), (2,), (2,), (2,)]


def test_waiting_is_noticed():
    """A split looks at its labels, once."""
    with pytest.raises(DataDependentOutputException):
        Split(torch.zeros(2, 1, 8, 8), torch.zeros(2, dtype=torch.long, device=CUDA), 10)


def test_what_was_left_behind_is_noticed():
    trainer = fake_trainer(gevb.Config(rule="dfa"))
    trainer.rule.matrix = trainer.rule.matrix.cpu()
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        one_step(trainer)
