"""Checkpoints with tensors that do not fit: nothing of them is loaded, and one line says why."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch

import gevb
from gevb.training import Trainer

State = dict[str, Any]
CPU = {"device": "cpu", "progress": False}
CONFIG = gevb.Config(epochs=4, evaluate_every=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run that was left at epoch 2, and its state."""
    path = tmp_path_factory.mktemp("run")
    gevb.lab.train(CONFIG, path, until=2, **CPU)
    return path


@pytest.fixture
def state(folder) -> State:
    return torch.load(folder / "checkpoint.pt", weights_only=True)


def put(place: Callable[[State], State], name: object, value: object) -> Callable[[State], None]:
    def change(state: State) -> None:
        place(state)[name] = value

    return change


def whole(state: State) -> State:
    return state


def network(state: State) -> State:
    return state["network"]


def averages(state: State) -> State:
    return state["optimizer"]["state"]


def first(state: State) -> State:
    return averages(state)[0]


def drop(place: Callable[[State], State], name: object) -> Callable[[State], None]:
    def change(state: State) -> None:
        del place(state)[name]

    return change


WIDE = (1280, 64)  # the first layer's weights
WEIGHT = "layers.0.weights.weight"
CHANGES = {
    # Fused Adam would read beyond its end.
    "small average": (put(first, "exp_avg", torch.zeros(2)), r"of shape \(2\)"),
    "average of strides 0": (
        put(first, "exp_avg", torch.zeros(1).expand(WIDE)),
        None,  # which is copied
    ),
    "double average": (put(first, "exp_avg", torch.zeros(WIDE).double()), "got torch.float64"),
    "sparse average": (put(first, "exp_avg", torch.zeros(WIDE).to_sparse()), "sparse"),
    "average on no device": (
        put(first, "exp_avg", torch.zeros(WIDE, device="meta")),
        "on meta, wanted|cannot be read",
    ),
    "average is a list": (put(first, "exp_avg", [0.0]), r"got \[0.0\], wanted a tensor"),
    "average of nan": (put(first, "exp_avg", torch.full(WIDE, torch.nan)), "not finite"),
    "no average": (drop(first, "exp_avg"), "optimizer: parameter 0: got no exp_avg"),
    "averages missing": (drop(averages, 3), "optimizer: got no 3"),
    "averages too many": (put(averages, 99, {}), "optimizer: got 99, which is not wanted"),
    "no optimizer": (drop(whole, "optimizer"), "state: got no optimizer"),
    "optimizer is a number": (put(whole, "optimizer", 3), "optimizer: got 3, wanted state"),
    "weights missing": (drop(network, WEIGHT), f"network: got no {WEIGHT}"),
    "small weights": (
        put(network, WEIGHT, torch.zeros(3)),
        rf"{WEIGHT}: got torch.float32 of shape \(3\)",
    ),
    "infinite weights": (put(network, WEIGHT, torch.full(WIDE, torch.inf)), "not finite"),
    "epoch nan": (put(whole, "epoch", float("nan")), "epoch: got nan, wanted a whole number"),
    "epoch past the end": (put(whole, "epoch", 5), "epoch: got 5, wanted at most 4"),
    "batch past the end": (put(whole, "batch", 13), "batch: got 13, wanted at most 12"),
    "order too short": (put(whole, "order", torch.zeros(3).byte()), r"order: .* of shape \(3\)"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_does_not_fit(name, folder, state, tmp_path):
    """It is found before anything of the state is used."""
    change, wanted = CHANGES[name]
    change(state)
    torch.save(state, tmp_path / "checkpoint.pt")
    before = (tmp_path / "checkpoint.pt").read_bytes()
    if wanted is None:
        gevb.lab.train(CONFIG, tmp_path, resume=True, **CPU)
        return
    with pytest.raises(gevb.InputError, match=wanted) as caught:
        gevb.lab.train(CONFIG, tmp_path, resume=True, **CPU)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert not (tmp_path / "record.json").exists()


def test_a_trainer_takes_no_average_of_another_shape(state):
    """From Python too, where a crash of the process would be the other answer."""
    trainer = Trainer(CONFIG, gevb.load("digits"), torch.device("cpu"))
    before = copy.deepcopy(trainer.state())
    first(state)["exp_avg"] = torch.zeros(2)
    with pytest.raises(gevb.InputError, match=r"of shape \(2\).*, wanted .* of shape \(1280, 64\)"):
        trainer.load_state(state)
    assert all(
        torch.equal(v, before["network"][k]) for k, v in trainer.network.state_dict().items()
    )


def test_states_share_nothing_with_the_trainer(state):
    trainer = Trainer(CONFIG, gevb.load("digits"), torch.device("cpu"))
    kept = copy.deepcopy(state)
    trainer.load_state(state)
    trainer.train_epoch()
    for number, found in averages(state).items():
        assert all(torch.equal(t, averages(kept)[number][name]) for name, t in found.items())


class Payload:
    def __reduce__(self):
        return (print, ("executed",))


def test_refusal_of_a_malicious_file_does_not_tell_how_to_run_it(tmp_path, capsys):
    torch.save({"format": Payload()}, tmp_path / "checkpoint.pt")
    with pytest.raises(gevb.InputError, match="something else than tensors") as caught:
        gevb.lab.train(CONFIG, tmp_path, resume=True, **CPU)
    assert "weights_only" not in str(caught.value)
    assert isinstance(caught.value.__cause__, pickle.UnpicklingError)
    assert "executed" not in capsys.readouterr().out
