"""Checkpoints that are damaged or made up: nothing of them is loaded, and one line says why."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch

import gevb
from gevb.lab.embedding import embed_run
from gevb.lab.runs import RunFolder
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


def averages(state: State) -> State:
    return state["optimizer"]["state"]


def group(state: State) -> State:
    return state["optimizer"]["param_groups"][0]


def put(place: Callable[[State], State], name: object, value: object) -> Callable[[State], None]:
    def change(state: State) -> None:
        place(state)[name] = value

    return change


def drop(place: Callable[[State], State], name: object) -> Callable[[State], None]:
    def change(state: State) -> None:
        del place(state)[name]

    return change


def whole(state: State) -> State:
    return state


def first(state: State) -> State:
    return averages(state)[0]


def last_evaluation(state: State) -> State:
    return state["history"][-1]


WIDE = (1280, 64)  # the first layer's weights
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
    "negative squares": (put(first, "exp_avg_sq", -torch.ones(WIDE)), "negative mean of squares"),
    "other count": (put(first, "step", torch.tensor(7.0)), "steps, wanted 24 of each"),
    "no averages": (put(lambda s: s["optimizer"], "state", {}), r"got \[\] steps, wanted 24"),
    "averages missing": (drop(averages, 3), "optimizer: got no 3"),
    "averages too many": (put(averages, 99, {}), "optimizer: got 99, which is not wanted"),
    "averages in a list": (put(lambda s: s["optimizer"], "state", [1]), r"optimizer: got \[1\]"),
    "large steps": (put(group, "lr", 10.0), "lr: got 10.0, wanted 0.0003"),
    "steps in words": (put(group, "lr", "10"), "lr: got '10', wanted 0.0003"),
    "step in a tensor": (put(group, "lr", torch.tensor([1.0, 2.0])), "lr: got Tensor of shape"),
    "other parameters": (put(group, "params", [0]), r"params: got \[0\]"),
    "no group": (put(lambda s: s["optimizer"], "param_groups", []), r"groups \[\], wanted one"),
    "no optimizer": (drop(whole, "optimizer"), "state: got no optimizer"),
    "optimizer is a number": (put(whole, "optimizer", 3), "optimizer: got 3, wanted state"),
    "weights missing": (
        drop(lambda s: s["network"], "layers.0.weights.bias"),
        "network: got no layers.0.weights.bias",
    ),
    "small weights": (
        put(lambda s: s["network"], "layers.0.weights.weight", torch.zeros(3)),
        r"layers.0.weights.weight: got torch.float32 of shape \(3\)",
    ),
    "infinite weights": (
        put(lambda s: s["network"], "layers.0.weights.weight", torch.full(WIDE, torch.inf)),
        "not finite",
    ),
    "negative weights": (
        put(lambda s: s["network"], "layers.1.weights.weight", -torch.ones(64, 128)),
        "layers.1.weights.weight: got negative weights",
    ),
    "gates of zero": (
        put(lambda s: s["network"], "layers.0.gate.t", torch.zeros(10, 128)),
        "layers.0.gate.t: got other gating vectors than the seed gives",
    ),
    "epoch below zero": (put(whole, "epoch", -3), "epoch: got -3, wanted a whole number >= 0"),
    "epoch nan": (put(whole, "epoch", float("nan")), "epoch: got nan, wanted a whole number"),
    "epoch true": (put(whole, "epoch", True), "epoch: got True"),
    "epoch later": (put(whole, "epoch", 3), "steps, wanted 36"),
    "epoch past the end": (put(whole, "epoch", 5), "epoch: got 5, wanted at most 4"),
    "batch in words": (put(whole, "batch", "one"), "batch: got 'one'"),
    "batch past the end": (put(whole, "batch", 13), "batch: got 13, wanted at most 12"),
    "other batch": (put(whole, "batch", 3), "steps, wanted 27"),
    "loss nan": (put(whole, "loss", float("nan")), "loss: got nan"),
    "loss of no batch": (put(whole, "loss", 3.0), "loss: got 3.0 before the first batch"),
    "order is none": (put(whole, "order", None), "order: got None, wanted a tensor"),
    "order too short": (put(whole, "order", torch.zeros(3).byte()), r"order: .* of shape \(3\)"),
    "other order": (
        put(whole, "order", torch.Generator().manual_seed(5).get_state()),
        "order: got another than that of seed 0 at epoch 2, batch 0",
    ),
    "history in words": (put(whole, "history", "none"), "history: got 'none', wanted a list"),
    "no history": (put(whole, "history", []), "history: got 0 evaluations at epoch 2, batch 0"),
    "history of numbers": (put(whole, "history", [1, 2]), "evaluation: got 1, wanted epoch"),
    "too good": (put(last_evaluation, "test_error", -3.0), "test_error: got -3.0"),
    "error of no image": (
        put(last_evaluation, "test_error", 3.0),
        "test error of 3.0 %, which 360",
    ),
    "angles in words": (put(last_evaluation, "angles", "ab"), "angles: got 'ab'"),
    "sessions in words": (put(whole, "sessions", "x"), "sessions: got 'x', wanted a list"),
    "sessions of nothing": (put(whole, "sessions", [{}]), "sessions: started: got None"),
    "no sessions": (drop(whole, "sessions"), "sessions: got None, wanted a list"),
    "config in words": (put(whole, "config", "mine"), "is not a checkpoint of this package"),
    "config of tensors": (
        put(lambda s: s["config"], "seed", torch.tensor([1, 2])),
        "seed: got 0, wanted Tensor of shape",
    ),
    "config with more": (
        put(lambda s: s["config"], "speed", 9),
        "speed: got None, wanted 9",
    ),
    "config 1 for true": (put(lambda s: s["config"], "vectorized", 1), "vectorized: got True, wan"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_made_up_states(name, folder, state, tmp_path):
    """Whatever is wrong is found before anything of the state is used."""
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


def test_formats_3_and_4_go_on(folder, state, tmp_path):
    straight = gevb.lab.train(CONFIG, **CPU)
    torch.save(state, tmp_path / "checkpoint.pt")
    assert state["format"] == "gevb checkpoint 4"
    assert gevb.lab.train(CONFIG, tmp_path, resume=True, **CPU).history == straight.history
    del state["batch"], state["loss"]
    torch.save({**state, "format": "gevb checkpoint 3"}, tmp_path / "checkpoint.pt")
    assert gevb.lab.train(CONFIG, tmp_path, resume=True, **CPU).history == straight.history


def test_embedding_checks_the_state(state, folder, tmp_path):
    """It loads weights as well."""
    state["network"]["layers.0.gate.t"].zero_()
    torch.save(state, tmp_path / "checkpoint.pt")
    (tmp_path / "record.json").write_bytes((folder / "record.json").read_bytes())
    with pytest.raises(gevb.InputError, match="other gating vectors"):
        embed_run(tmp_path, tmp_path / "maps", device="cpu", progress=False)


def test_a_pipe_is_no_checkpoint(tmp_path):
    os.mkfifo(tmp_path / "checkpoint.pt")
    with pytest.raises(gevb.InputError, match=r"checkpoint.pt cannot be read"):
        RunFolder(tmp_path, CONFIG, resume=True).load(torch.device("cpu"))
