"""Training: protocol, reproducibility, checkpoints, and what stops it."""

from __future__ import annotations

import io
import os
import signal
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import pytest
import torch

import gevb
from gevb.data import choose_device
from gevb.lab.records import Record, read_record
from gevb.lab.runs import RunFolder
from gevb.training import Trainer

CPU = {"device": "cpu", "progress": False}


def files(folder) -> list[str]:
    return sorted(f.name for f in folder.iterdir() if f.name != ".lock")


def epochs(folder) -> list[int]:
    return [evaluation.epoch for evaluation in read_record(folder / "record.json").history]


def weights(run: gevb.lab.Run) -> dict[str, torch.Tensor]:
    return run.network.state_dict()


def test_protocol(config, monkeypatch):
    """Adam 3e-4, batches of 128 with the ragged last one, evaluations at 0, k, ... and the end."""
    trainer = Trainer(replace(config, epochs=5), gevb.load("digits"), torch.device("cpu"))
    (group,) = trainer.optimizer.param_groups
    assert type(trainer.optimizer) is torch.optim.Adam
    assert (group["lr"], group["betas"], group["eps"]) == (3e-4, (0.9, 0.999), 1e-8)
    assert not group["amsgrad"]
    assert not group["weight_decay"]
    assert not group["maximize"]
    assert {id(p) for p in group["params"]} == {id(p) for p in trainer.network.parameters()}
    sizes, seen = [], []
    backward = trainer.rule.backward

    def watched(x, y):
        sizes.append(len(x))
        seen.append(x)
        return backward(x, y)

    monkeypatch.setattr(trainer.rule, "backward", watched)
    trainer.train_epoch()
    assert sizes == [128] * 11 + [29]
    first = torch.cat(seen)
    assert torch.equal(
        first.flatten(1).sum(1).sort()[0], trainer.data.train.x.flatten(1).sum(1).sort()[0]
    )
    seen.clear()
    trainer.train_epoch()
    assert not torch.equal(torch.cat(seen), first)
    run = gevb.lab.train(replace(config, epochs=5), **CPU)
    assert [evaluation.epoch for evaluation in run.history] == [0, 2, 4, 5]


def test_stops_without_training_error():
    run = gevb.lab.train(
        gevb.Config(rule="bp", vectorized=False, learning_rate=3e-3, evaluate_every=5), **CPU
    )
    assert run.history[-1].train_error == 0
    assert run.history[-1].epoch < 190
    assert all(evaluation.train_error > 0 for evaluation in run.history[:-1])


def test_evaluate_counts_errors():
    network = gevb.build("digits", "fc")
    split = gevb.load("digits").test
    error, loss = gevb.evaluate(network, split)
    logits = network(split.x)
    assert error == pytest.approx(100 * (logits.argmax(1) != split.y).double().mean().item())
    assert loss == pytest.approx(torch.nn.functional.cross_entropy(logits, split.y).item())


@pytest.mark.parametrize("arch", ["fc", "conv", "lc"])
@pytest.mark.parametrize("rule", ["gevb", "bp"])
def test_no_negative_weight_after_any_step(arch, rule):
    config = gevb.Config(arch=arch, rule=rule, learning_rate=1e-2)
    trainer = Trainer(config, gevb.load("digits"), torch.device("cpu"))
    smallest, clamped = [], []

    def look():
        later = [layer.weights.weight.detach() for layer in trainer.network.layers[1:]]
        smallest.append(min(float(w.min()) for w in later))
        clamped.append(sum(int((w == 0).sum()) for w in later))

    start = sum(int((l.weights.weight == 0).sum()) for l in trainer.network.layers[1:])
    trainer.train_epoch(look)
    assert min(smallest) >= 0
    assert any(count != start for count in clamped)
    assert (trainer.network.layers[0].weights.weight < 0).any()
    assert all((layer.weights.bias < 0).any() for layer in trainer.network.layers)


def test_mixed_sign_networks_are_not_clamped():
    config = gevb.Config(nonnegative=False)
    trainer = Trainer(config, gevb.load("digits"), torch.device("cpu"))
    trainer.train_epoch()
    assert all((layer.weights.weight < 0).any() for layer in trainer.network.layers)


@pytest.mark.parametrize(("rule", "vectorized"), [("gevb", True), ("dfa", False), ("fa", True)])
def test_same_seed_same_curve(config, rule, vectorized):
    config = replace(config, rule=rule, vectorized=vectorized)
    one, same = (gevb.lab.train(config, **CPU) for _ in range(2))
    other = gevb.lab.train(replace(config, seed=1), **CPU)
    assert one.history == same.history != other.history
    assert all(torch.equal(v, weights(same)[k]) for k, v in weights(one).items())


def test_float64(config):
    run = gevb.lab.train(replace(config, dtype="float64"), **CPU)
    assert all(p.dtype == torch.float64 for p in run.network.parameters())
    single = gevb.lab.train(config, **CPU)
    assert run.history[-1].train_loss == pytest.approx(single.history[-1].train_loss, rel=1e-3)


def test_run_folder(config, tmp_path):
    run = gevb.lab.train(config, tmp_path / "run", **CPU)
    assert read_record(tmp_path / "run" / "record.json") == run.record
    assert (run.record.config, run.record.status) == (config, "finished")
    (session,) = run.record.sessions
    assert session["torch"] == torch.__version__
    assert session["device"] == "cpu"
    assert session["seed"] == config.seed
    assert session["from_epoch"] == 0
    assert len(session["source_sha256"]) == 64
    assert session["seconds"] > 0
    assert files(tmp_path / "run") == ["checkpoint.pt", "record.json"]


def train_and_die(where: str, after: int, out: Path, config: gevb.Config, threads: int) -> None:
    """A run in a process of its own, which it ends by SIGKILL at a step of a kind.

    "replace": before a file is put in place; "write": with half of a file written; "batch": in the
    middle of an epoch; "timed": there too, with a checkpoint by time after every batch.
    """
    torch.set_num_threads(threads)
    left = after

    def step() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(function):
        def wrapped(*args, **kwargs):
            step()
            return function(*args, **kwargs)

        return wrapped

    class Half(io.FileIO):
        def write(self, content):
            if left == 0:
                super().write(content[: len(content) // 2])
            step()
            return super().write(content)

    if where == "replace":
        os.replace = before(os.replace)
    elif where == "write":
        gevb.lab.runs.open = Half
    else:
        gevb.Network.clamp_ = before(gevb.Network.clamp_)
    if where == "timed":
        gevb.lab.runs.CHECKPOINT_EVERY = 0.0
    gevb.lab.train(config, out, resume=True, **CPU)


@cache
def straight_run(config: gevb.Config) -> gevb.lab.Run:
    """The run that nothing interrupts."""
    return gevb.lab.train(config, **CPU)


@pytest.mark.parametrize(
    ("where", "after", "rule", "vectorized", "resumed_from"),
    [
        ("replace", 0, "gevb", True, 0),  # Before the first record is in place.
        ("replace", 1, "gevb", True, 0),  # Before the first checkpoint is.
        ("replace", 2, "gevb", True, 0),  # Between the checkpoint and its record.
        ("write", 3, "gevb", True, 0),  # Half of the second checkpoint is written.
        ("batch", 30, "gevb", True, 2),  # In the middle of the third epoch.
        ("batch", 30, "dfa", False, 2),
        ("replace", 6, "dfa", False, 4),  # Between the last checkpoint and its record.
        ("timed", 30, "gevb", True, 2.5),  # Of 12 batches an epoch.
        ("timed", 30, "dfa", False, 2.5),
        ("timed", 36, "fa", True, 3),  # The checkpoint after an epoch's last batch.
    ],
)
def test_killed_run_resumes_bit_identically(
    where, after, rule, vectorized, resumed_from, tmp_path, forking
):
    config = gevb.Config(rule=rule, vectorized=vectorized, epochs=4, evaluate_every=2)
    # Bit for bit the same only with as many threads: they split sums differently.
    arguments = (where, after, tmp_path, config, torch.get_num_threads())
    process = forking.Process(target=train_and_die, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    found = RunFolder(tmp_path, config, resume=True).load(torch.device("cpu"))
    assert (found["epoch"] + found["batch"] / 12 if found else 0) == resumed_from
    resumed = gevb.lab.train(config, tmp_path, resume=True, **CPU)
    straight = straight_run(config)
    assert resumed.history == straight.history
    assert all(torch.equal(v, weights(straight)[k]) for k, v in weights(resumed).items())
    again = RunFolder(tmp_path, config, resume=True).load(torch.device("cpu"))
    assert again is not None
    # The last process that wrote a checkpoint did not start again from the beginning.
    assert again["sessions"][-1]["from_epoch"] == (found["epoch"] if 0 < resumed_from < 4 else 0)
    assert [e.epoch for e in resumed.history] == [e["epoch"] for e in again["history"]]
    assert read_record(tmp_path / "record.json") == resumed.record


def test_checkpoints_by_time(config, tmp_path, monkeypatch):
    """The clock adds checkpoints to those at evaluations; they change no result."""
    saved = []
    save = RunFolder.save

    def watched(self, state, record):
        saved.append((state["epoch"], state["batch"]))
        save(self, state, record)

    monkeypatch.setattr(RunFolder, "save", watched)
    usual = gevb.lab.train(config, tmp_path / "usual", **CPU)
    assert saved == [(0, 0), (2, 0), (4, 0)]
    saved.clear()
    clock = iter(range(10**6))
    monkeypatch.setattr("gevb.lab.runs.time.perf_counter", lambda: 50.0 * next(clock))
    timed = gevb.lab.train(config, tmp_path / "timed", **CPU)
    # Every look at the clock takes 50 seconds here, and a batch looks once.
    assert saved[:3] == [(0, 0), (0, 6), (0, 12)]
    assert [place for place in saved if place[1] == 0] == [(0, 0), (2, 0), (4, 0)]
    assert timed.history == usual.history
    assert read_record(tmp_path / "timed" / "record.json") == timed.record


def test_weights_that_went_bad_are_not_saved_by_time(config, tmp_path, monkeypatch):
    monkeypatch.setattr("gevb.lab.runs.CHECKPOINT_EVERY", 0.0)
    step, steps = gevb.training.step, 0

    def poisoned(rule, *args):
        nonlocal steps
        loss, steps = step(rule, *args), steps + 1
        if steps == 4:
            rule.network.layers[0].weights.bias.data[0, 0] = float("inf")
        return loss

    monkeypatch.setattr("gevb.training.step", poisoned)
    with pytest.raises(gevb.InputError, match="loss: got inf in epoch 1, wanted a finite number"):
        gevb.lab.train(config, tmp_path, **CPU)
    found = RunFolder(tmp_path, config, resume=True).load(torch.device("cpu"))
    assert (found["epoch"], found["batch"]) == (0, 3)


def test_early_stop_resumes_as_stopped(tmp_path):
    config = gevb.Config(rule="bp", vectorized=False, learning_rate=3e-3, evaluate_every=5)
    run = gevb.lab.train(config, tmp_path, **CPU)
    assert run.history[-1].epoch < config.epochs
    assert gevb.lab.train(config, tmp_path, resume=True, **CPU).history == run.history


def test_resuming_a_finished_run_changes_nothing(config, tmp_path):
    run = gevb.lab.train(config, tmp_path, **CPU)
    files = {f: f.read_bytes() for f in tmp_path.iterdir()}
    again = gevb.lab.train(config, tmp_path, resume=True, **CPU)
    assert again.history == run.history
    assert {f: f.read_bytes() for f in tmp_path.iterdir()} == files


def test_folder_with_a_run_is_not_overwritten(config, tmp_path):
    gevb.lab.train(config, tmp_path, **CPU)
    with pytest.raises(gevb.InputError, match="holds a run; --resume continues it"):
        gevb.lab.train(config, tmp_path, **CPU)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"rule": "bp"}, "another configuration: rule: got 'bp', wanted 'gevb'"),
        ({"seed": 1}, "seed: got 1, wanted 0"),
        ({"epochs": 6}, "epochs: got 6, wanted 4"),
    ],
)
def test_resume_with_another_configuration(config, tmp_path, change, wanted):
    gevb.lab.train(config, tmp_path, **CPU)
    files = {f: f.read_bytes() for f in tmp_path.iterdir()}
    with pytest.raises(gevb.InputError, match=wanted):
        gevb.lab.train(replace(config, **change), tmp_path, resume=True, **CPU)
    assert {f: f.read_bytes() for f in tmp_path.iterdir()} == files


def test_truncated_and_foreign_checkpoints(config, tmp_path):
    gevb.lab.train(config, tmp_path, **CPU)
    file = tmp_path / "checkpoint.pt"
    content = file.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1  # In the weights: only a checksum can tell.
    record = (tmp_path / "record.json").read_bytes()
    for damaged in (b"", content[: len(content) // 2], b"hello\n", b"epoch 4", bytes(flipped)):
        file.write_bytes(damaged)
        with pytest.raises(gevb.InputError, match=r"checkpoint.pt cannot be read, truncated or"):
            gevb.lab.train(config, tmp_path, resume=True, **CPU)
    torch.save({"weights": torch.zeros(3)}, file)
    with pytest.raises(gevb.InputError, match="is not a checkpoint of this package"):
        gevb.lab.train(config, tmp_path, resume=True, **CPU)
    state = {"format": "gevb checkpoint 4", "config": asdict(config)}
    torch.save(state, file)
    with pytest.raises(
        gevb.InputError, match="does not hold the state of such a run: state: got no"
    ):
        gevb.lab.train(config, tmp_path, resume=True, **CPU)
    assert (tmp_path / "record.json").read_bytes() == record


def test_checkpoint_alone_is_a_run(config, tmp_path):
    """It is neither overwritten nor continued under another configuration."""
    gevb.lab.train(config, tmp_path, **CPU)
    (tmp_path / "record.json").unlink()
    with pytest.raises(gevb.InputError, match="holds a run; --resume continues it"):
        gevb.lab.train(config, tmp_path, **CPU)
    with pytest.raises(gevb.InputError, match="another configuration: seed: got 1, wanted 0"):
        gevb.lab.train(replace(config, seed=1), tmp_path, resume=True, **CPU)
    gevb.lab.train(config, tmp_path, resume=True, **CPU)
    assert read_record(tmp_path / "record.json").config == config


def test_failed_start_leaves_no_run(config, tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    with pytest.raises(gevb.InputError, match="could not be downloaded"):
        gevb.lab.train(replace(config, dataset="mnist"), tmp_path / "run", data_dir=tmp_path, **CPU)
    gevb.lab.train(replace(config, epochs=0), tmp_path / "run", **CPU)


class Payload:
    """Would run code if a checkpoint were unpickled without care."""

    def __reduce__(self):
        return (print, ("executed",))


def test_checkpoints_execute_nothing(config, tmp_path, capsys):
    gevb.lab.train(config, tmp_path, **CPU)
    torch.save({"format": Payload()}, tmp_path / "checkpoint.pt")
    with pytest.raises(gevb.InputError, match="cannot be read, truncated or foreign"):
        gevb.lab.train(config, tmp_path, resume=True, **CPU)
    assert "executed" not in capsys.readouterr().out


def test_folder_that_cannot_be_made(config, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(gevb.InputError, match=r"cannot use the folder .*: Not a directory"):
        gevb.lab.train(config, tmp_path / "file" / "run", **CPU)


def test_empty_path(config):
    with pytest.raises(gevb.InputError, match="run folder: got ''"):
        gevb.lab.train(config, "", **CPU)


def test_folder_that_cannot_be_written(config, tmp_path):
    (tmp_path / "record.json" / "in the way").mkdir(parents=True)
    with pytest.raises(gevb.InputError, match=r"cannot write .*record.json: Is a directory"):
        gevb.lab.train(config, tmp_path, **CPU)


def test_full_disk_leaves_the_last_checkpoint(config, tmp_path, monkeypatch):
    gevb.lab.train(replace(config, epochs=2), tmp_path, **CPU)
    files = {f: f.read_bytes() for f in tmp_path.iterdir()}

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gevb.lab.runs.os.fsync", full)
    folder = RunFolder(tmp_path, replace(config, epochs=2), resume=True)
    with pytest.raises(gevb.InputError, match=r"cannot write .*checkpoint.pt: No space left"):
        folder.save({"epoch": 4}, Record(config, [], [], "running"))
    assert {f: f.read_bytes() for f in tmp_path.iterdir()} == files


def test_weights_that_go_bad_in_the_last_step_are_not_saved(config, tmp_path, monkeypatch):
    """The loss of every batch was finite; the evaluation's is not."""
    train_epoch = Trainer.train_epoch

    def poisoned(self, after_batch=lambda: None):
        train_epoch(self, after_batch)
        self.network.layers[0].weights.weight.data.fill_(float("inf"))

    monkeypatch.setattr(Trainer, "train_epoch", poisoned)
    with pytest.raises(gevb.InputError, match="loss: got nan in epoch 1, wanted a finite number"):
        gevb.lab.train(replace(config, evaluate_every=1), tmp_path, **CPU)
    assert epochs(tmp_path) == [0]


def test_loss_that_is_not_finite_keeps_the_last_checkpoint(config, tmp_path, monkeypatch):
    epochs = 0
    train_epoch = Trainer.train_epoch

    def poisoned(self, after_batch=lambda: None):
        nonlocal epochs
        epochs += 1
        if epochs == 3:
            self.network.layers[0].weights.weight.data.fill_(float("nan"))
        train_epoch(self, after_batch)

    monkeypatch.setattr(Trainer, "train_epoch", poisoned)
    wanted = r"loss: got nan in epoch 3, wanted a finite number.*last good evaluation: epoch 2"
    with pytest.raises(gevb.InputError, match=wanted):
        gevb.lab.train(config, tmp_path, **CPU)
    monkeypatch.undo()
    resumed = gevb.lab.train(config, tmp_path, resume=True, **CPU)
    assert resumed.history == gevb.lab.train(config, **CPU).history


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"dataset": "svhn"}, "dataset: got 'svhn'"),
        ({"arch": "rnn"}, "arch: got 'rnn'"),
        ({"rule": "hebb"}, "rule: got 'hebb'"),
        ({"dtype": "float16"}, "dtype: got 'float16', wanted one of float32, float64"),
        ({"vectorized": False}, "rule gevb: got a conventional network"),
        ({"epochs": -1}, "epochs: got -1, wanted a whole number >= 0"),
        ({"seed": -1}, "seed: got -1"),
        ({"batch_size": 0}, "batch_size: got 0, wanted a whole number >= 1"),
        ({"evaluate_every": 0}, "evaluate_every: got 0"),
        ({"learning_rate": float("nan")}, "learning_rate: got nan, wanted a number above 0"),
        ({"learning_rate": float("inf")}, "learning_rate: got inf"),
    ],
)
def test_bad_configurations(change, wanted):
    with pytest.raises(gevb.InputError, match=wanted):
        gevb.Config(**change)


def test_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    for name in ("cuda", "tpu", "", "cpu:x"):
        with pytest.raises(gevb.InputError, match=r"device: got .*, which PyTorch does not have"):
            choose_device(name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "empty", lambda *size, device: None)
    assert choose_device("auto") == torch.device("cuda")
    assert choose_device("cpu") == torch.device("cpu")


def test_mnist(real_data):
    """An epoch of the paper's protocol: near the error that was recorded; rounding grows fast."""
    name = "mnist-fc-conventional-nonnegative-bp-5epochs-seed0"
    recorded = gevb.lab.recorded(name)
    config = replace(recorded.config, epochs=1)
    run = gevb.lab.train(config, data_dir=real_data("mnist"), progress=False)
    for ours, wanted in zip(run.history, recorded.history[:2], strict=True):
        assert ours.epoch == wanted.epoch
        assert ours.test_error == pytest.approx(wanted.test_error, abs=1.5)


def test_mnist_by_broadcast(real_data):
    """A hundred steps of the paper's network under GEVB: most test images are read."""
    mnist = gevb.load("mnist", real_data("mnist"))
    network = gevb.build("mnist", "fc", seed=0)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-4)
    some = gevb.Split(mnist.train.x[:12800], mnist.train.y[:12800], 10)
    gevb.train_epoch(gevb.GEVB(network), optimizer, some.batches(128))
    some = gevb.Split(mnist.test.x[:1000], mnist.test.y[:1000], 10)
    assert gevb.evaluate(network, some)[0] < 15


def test_nothing_is_written_through_a_link_that_lies_in_wait(tmp_path):
    """Under any name that could be foreseen."""
    target = tmp_path / "precious"
    target.write_text("precious")
    folder = tmp_path / "run"
    folder.mkdir()
    for name in (".record.json.partial", ".checkpoint.pt.partial", "record.json"):
        (folder / name).symlink_to(target)
    gevb.lab.train(gevb.Config(epochs=0), folder, **CPU)
    assert target.read_text() == "precious"
    assert read_record(folder / "record.json").status == "finished"
    assert not (folder / "record.json").is_symlink()


def test_what_a_killed_process_was_writing_is_removed(config, tmp_path, forking):
    arguments = ("write", 3, tmp_path, config, torch.get_num_threads())
    process = forking.Process(target=train_and_die, args=arguments)
    process.start()
    process.join()
    assert len([name for name in files(tmp_path) if name.endswith(".partial")]) == 1
    gevb.lab.train(config, tmp_path, resume=True, **CPU)
    assert files(tmp_path) == ["checkpoint.pt", "record.json"]


def test_a_finished_run_is_read_without_writing(config, tmp_path, monkeypatch):
    """A finished run can be read on a full disk, and where nothing may be written."""
    run = gevb.lab.train(config, tmp_path, **CPU)

    def full(*args):
        raise gevb.InputError("no space left")

    monkeypatch.setattr("gevb.lab.runs.write_atomically", full)
    assert gevb.lab.train(config, tmp_path, resume=True, **CPU).record == run.record
    (tmp_path / "record.json").unlink()  # It belongs there, so it is missed.
    with pytest.raises(gevb.InputError, match="no space left"):
        gevb.lab.train(config, tmp_path, resume=True, **CPU)


@pytest.mark.parametrize("path", ["x" * 300, "run/" + "x" * 300 + "/run", "loop/run"])
def test_paths_that_the_system_refuses(config, path, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(
        gevb.InputError, match=r"cannot use the folder .*: (File name too|Too many)"
    ):
        gevb.lab.train(config, tmp_path / path, **CPU)
