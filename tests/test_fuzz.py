"""Fuzz: command lines, calls and files that nobody would write, and processes killed anywhere.

Whatever is put in, the answer is a result or one line that says what was wrong. What is drawn is
the same every time; `make fuzz` draws GEVB_FUZZ times as much.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import random
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import torch
from conftest import whole_record
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from killed import train_on

import gevb
from gevb import cli
from gevb.data import choose_device
from gevb.errors import check_path, shown
from gevb.lab import embedding, experiments, records
from gevb.lab.maps import Map, Settings
from gevb.lab.rates import Rate
from gevb.seeds import stream
from gevbook import toys

ROUNDS = int(os.environ.get("GEVB_FUZZ", "1"))
CPU = {"device": "cpu", "progress": False}
pytestmark = pytest.mark.usefixtures("unchecked")


def fuzz(examples: int) -> settings:
    """Settings of Hypothesis: this number of examples, times the rounds."""
    return settings(
        max_examples=ROUNDS * examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def tried(call: Callable[[], Any]) -> Any:
    """Result of a call; None if one clear line refused it."""
    try:
        result = call()
    except gevb.InputError as error:
        refusal = str(error)
    else:
        event("answered")
        return result
    event("refused")
    assert "\n" not in refusal
    assert len(refusal) < 1000
    return None


# ---------------------------------------------------------------------------- command lines

# No slash and no home: nothing is written outside of the folder of a test.
TEXTS = st.text(st.characters(blacklist_characters="/~\0", blacklist_categories=["Cs"]), max_size=6)
WORDS = st.sampled_from(
    [
        *("", " ", "-1", "0", "1", "2", "7", "nan", "inf", "-inf", "1e309", "1.5", "0x1", "١"),
        *("9" * 30, "9" * 5000, "x" * 300, "é" * 200, "a\nb", "\udcff", "--", "-", "[", "*", "%s"),
        *("0-4", "4-0", "0,2", "1,1", "0-99999999999", "100", "101", "5-", ",", "2147483648"),
        *(
            "digits",
            "mnist",
            "cifar10",
            "fc",
            "conv",
            "lc",
            "bp",
            "fa",
            "dfa",
            "gevb",
            "cpu",
            "cuda",
        ),
        *(
            "auto",
            "local",
            "ray",
            "fc-",
            "conv-*",
            "run",
            "file",
            "pipe",
            "loop",
            "results",
            "gone",
        ),
        *("~nosuchuser/x", "/dev/null", "/dev/full", "/proc/self/mem", "run/" + "y" * 300),
    ]
)


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A command with options of its own, and values for any other."""
    command = draw(st.sampled_from(sorted(cli.cli.commands)))
    options = [p for p in cli.cli.commands[command].params if isinstance(p, click.Option)]
    line = [command]
    if command == "train" and draw(st.booleans()):
        line += ["--out", draw(st.sampled_from(["run", "new"]))]
    for option in draw(st.lists(st.sampled_from(options), max_size=4)):
        line.append(draw(st.sampled_from(option.opts)))
        if not option.is_flag:
            values = WORDS | TEXTS
            if isinstance(option.type, click.Choice):
                values = st.sampled_from(list(option.type.choices)) | values
            line.append(draw(values))
    if draw(st.integers(0, 9)) == 0 or command == "embed":
        line.append(draw(WORDS | TEXTS))
    return line


@pytest.fixture
def strange_folder(tmp_path, monkeypatch) -> Path:
    """A folder to run command lines in, with a run, a file, a pipe and a loop, nothing slow."""
    monkeypatch.chdir(tmp_path)
    gevb.lab.train(gevb.Config(epochs=0), "run", **CPU)
    Path("file").write_text("file")
    Path("results").mkdir()
    os.mkfifo("pipe")
    os.mkfifo("results/pipe.json")
    Path("loop").symlink_to("loop")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("GEVB_DATA_DIR", str(tmp_path / "empty"))

    def no_network(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    train, read = cli.train, cache(experiments.read_results)
    monkeypatch.setattr(
        cli, "train", lambda config, out, **how: train(replace(config, epochs=0), out, **how)
    )
    monkeypatch.setattr(cli, "keep_freed_memory", lambda: None)
    monkeypatch.setattr(
        cli, "read_results", lambda f: read(f) if f is None else experiments.read_results(f)
    )
    monkeypatch.setattr("gevb.lab.engine.local", lambda jobs, workers: iter(()))
    monkeypatch.setattr("gevb.lab.engine.on_ray", lambda jobs, gpus: iter(()))
    monkeypatch.setattr("gevb.lab.rates.measure", lambda *_: Rate(0.1, 1e12, None))
    for module in ("plan", "engine"):  # Costs are those of networks, which would be built.
        monkeypatch.setattr(f"gevb.lab.{module}.run_cost", lambda config: config.epochs)
    return tmp_path


@fuzz(60)
@given(line=command_lines())
def test_command_lines(line, strange_folder, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gevb", *line])
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as stop,
    ):
        cli.main()
    event(f"{line[0]}: status {stop.value.code}")
    said = [text for text in err.getvalue().splitlines() if text.startswith("gevb: ")]
    assert stop.value.code in (0, None, 2)
    assert len(said) == (stop.value.code == 2)
    assert not said or err.getvalue().endswith(f"{said[0]}\n")
    assert len(said[0] if said else "") < 1000


# ------------------------------------------------------------------------------------ calls

ODD: dict[str, Callable[[], object]] = {
    shown(value): lambda value=value: value
    for value in (
        *(None, True, False, -1, 0, 1, 2, 3, 10, 1.5, -0.5, math.nan, math.inf, -math.inf, 1e-300),
        *(
            2**31,
            2**32,
            2**63,
            10**400,
            10**5000,
            1j,
            "",
            " ",
            "x",
            "fc",
            "bp",
            "digits",
            "x" * 300,
        ),
        *(b"x", (), [], {}, [1], (1, 8, 8), [1, 8, 8], (0, 8, 8), [[]], [None], {"a": 1}),
        *(np.float32(0.5), np.int64(3), np.bool_(True), np.zeros((2, 1, 8, 8)), np.array(["a"])),
        *(gevb.FC(2), [gevb.FC(2)], [gevb.Pool(2)], [gevb.Conv(2, 3)]),
        range(3),
    )
}
ODD |= {
    "an object": object,
    "a layer of half": lambda: [gevb.FC(2.5)],
    "an image": lambda: torch.zeros(2, 1, 8, 8),
    "an image of float64": lambda: torch.zeros(2, 1, 8, 8).double(),
    "an image of float16": lambda: torch.zeros(2, 1, 8, 8).half(),
    "an image of whole numbers": lambda: torch.zeros(2, 1, 8, 8).int(),
    "an image of nan": lambda: torch.full((2, 1, 8, 8), math.nan),
    "a complex image": lambda: torch.zeros(2, 1, 8, 8) * 1j,
    "a sparse image": lambda: torch.zeros(2, 1, 8, 8).to_sparse(),
    "no image": lambda: torch.zeros(0, 1, 8, 8),
    "labels": lambda: torch.tensor([0, 2]),
    "labels too large": lambda: torch.tensor([0, 10]),
    "labels in a column": lambda: torch.tensor([[0], [1]]),
    "labels of truth": lambda: torch.tensor([True, False]),
    "a number": lambda: torch.tensor(1.0),
    "logits": lambda: torch.zeros(2, 10),
    "infinite logits": lambda: torch.full((2, 10), -math.inf),
    "a list of images": lambda: torch.zeros(2, 1, 8, 8).tolist(),
    "a network": lambda: small(),
    "a split": lambda: split(),
}


def small() -> gevb.Network:
    return gevb.build("digits", (gevb.FC(4),))


def split() -> gevb.Split:
    return gevb.Split(torch.zeros(2, 1, 8, 8), torch.tensor([0, 2]), 10)


def x() -> torch.Tensor:
    return torch.zeros(2, 1, 8, 8)


def y() -> torch.Tensor:
    return torch.tensor([0, 2])


#: What is called, and with what; one or two of the arguments become odd.
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Callable[[], object]]]] = {
    "Config": (
        gevb.Config,
        {
            **dict.fromkeys(("dataset", "arch", "rule", "vectorized", "nonnegative"), None),
            **dict.fromkeys(("epochs", "seed", "learning_rate", "batch_size"), None),
            **dict.fromkeys(("evaluate_every", "dtype"), None),
        },
    ),
    "Evaluation": (
        lambda **values: gevb.Evaluation(**values, angles=()),
        {
            "epoch": lambda: 0,
            **dict.fromkeys(("train_error", "test_error", "train_loss", "test_loss"), lambda: 1.0),
        },
    ),
    "Settings": (
        Settings,
        dict.fromkeys(
            ("layer", "points", "dimensions", "perplexity", "learning_rate", "iterations", "seed"),
            None,
        ),
    ),
    "Split": (gevb.Split, {"x": x, "y": y, "classes": lambda: 10}),
    "build": (
        gevb.build,
        {
            "dataset": lambda: "digits",
            "arch": lambda: (gevb.FC(4),),
            **dict.fromkeys(("vectorized", "nonnegative", "initializer", "seed"), None),
        },
    ),
    "Network": (
        gevb.Network,
        {
            "input_shape": lambda: (1, 8, 8),
            "classes": lambda: 3,
            "architecture": lambda: [gevb.FC(4)],
            **dict.fromkeys(("vectorized", "nonnegative", "seed"), None),
        },
    ),
    "forward": (lambda x: small()(x), {"x": x}),
    "backward": (lambda x, y: gevb.BP(small()).backward(x, y), {"x": x, "y": y}),
    "updates": (lambda x, y: gevb.FA(small()).updates(x, y), {"x": x, "y": y}),
    "feedbacks": (lambda x, y: gevb.DFA(small()).feedbacks(x, y), {"x": x, "y": y}),
    "angles": (lambda x, y: gevb.alignment_angles(gevb.GEVB(small()), x, y), {"x": x, "y": y}),
    "rule": (gevb.make_rule, {"name": lambda: "fa", "network": small, "seed": None}),
    "cross_entropy": (gevb.cross_entropy, {"logits": lambda: torch.zeros(2, 10), "y": y}),
    "squared": (gevb.mean_squared_error, {"logits": lambda: torch.zeros(2, 10), "y": y}),
    "evaluate": (gevb.evaluate, {"network": small, "split": split, "batch_size": None}),
    "Linear": (
        gevb.Linear,
        dict.fromkeys(("K", "in_features", "out_features"), lambda: 2),
    ),
    **{
        kind.__name__: (
            kind,
            {
                "K": lambda: 2,
                "in_units": lambda: (1, 8, 8),
                "out_channels": lambda: 2,
                "kernel_size": lambda: 3,
                "stride": None,
                "padding": None,
            },
        )
        for kind in (gevb.Conv2d, gevb.LocallyConnected2d)
    },
    "AvgPool2d": (gevb.AvgPool2d, {"in_units": lambda: (1, 8, 8), "size": lambda: 2}),
    "Flatten": (gevb.Flatten, {"in_units": lambda: (1, 8, 8)}),
    "Gate": (gevb.Gate, {"t": lambda: torch.ones(2, 3)}),
    "load": (gevb.load, {"name": lambda: "digits", "data_dir": None, "device": None}),
    "toy": (toys.toy, {"name": lambda: "rings", "seed": None}),
    "stream": (lambda seed: stream(seed, "weights"), {"seed": lambda: 0}),
    "seeds": (experiments.parse_seeds, {"text": lambda: "5"}),
    "experiments": (experiments.experiments, {"datasets": None, "pattern": None}),
    "recorded": (gevb.lab.recorded, {"name": lambda: "digits"}),
    "path": (lambda path: check_path("folder", path), {"path": lambda: "folder"}),
    "device": (choose_device, {"device": None}),
    "train": (
        lambda **given: gevb.lab.train(device="cpu", progress=False, **given),
        {"config": lambda: gevb.Config(epochs=0), "until": None, "data_dir": None},
    ),
}


@st.composite
def odd_calls(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """The name of a call, and which arguments are what."""
    name = draw(st.sampled_from(sorted(CALLS)))
    arguments = sorted(CALLS[name][1])
    chosen = draw(st.lists(st.sampled_from(arguments), min_size=1, max_size=2, unique=True))
    return name, {argument: draw(st.sampled_from(sorted(ODD))) for argument in chosen}


@fuzz(1500)
@given(call=odd_calls())
def test_calls(call, strange_folder):
    name, odd = call
    function, usual = CALLS[name]
    arguments = {key: make() for key, make in usual.items() if make is not None}
    arguments |= {argument: ODD[value]() for argument, value in odd.items()}
    result = tried(lambda: function(**arguments))
    if isinstance(result, gevb.Config):
        written = json.loads(json.dumps(vars(result)))
        assert gevb.Config(**written) == result
    elif isinstance(result, torch.Tensor) and odd.keys() <= {"x", "y"}:
        assert result.shape in ((), (2, 10), (1,))


# ------------------------------------------------------------------------------------ files

CONFIG = gevb.Config(epochs=4, evaluate_every=2)
RECORD = whole_record(CONFIG, 11)


@st.composite
def damages(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """A bit flipped, a part cut out, doubled, or overwritten."""
    kind = draw(st.sampled_from(["flip", "cut", "end", "double", "zero"]))
    place, length = draw(st.floats(0, 1, exclude_max=True)), draw(st.integers(1, 64))
    bit = draw(st.integers(0, 7))

    def damage(content: bytes) -> bytes:
        start = int(place * len(content))
        head, part, tail = (
            content[:start],
            content[start : start + length],
            content[start + length :],
        )
        if kind == "flip":
            return head + bytes([content[start] ^ 1 << bit]) + content[start + 1 :]
        return {
            "cut": head + tail,
            "end": head,
            "double": head + part + part + tail,
            "zero": head + bytes(len(part)) + tail,
        }[kind]

    return damage


@cache
def a_map() -> embedding.RecordedMap:
    xy = np.random.default_rng(0).standard_normal((40, 2)).round(2)
    made = Map(xy, np.arange(40) % 10, 40, 2, 640, 0.5, 0.8)
    return embedding.RecordedMap(
        replace(CONFIG, arch="conv"), 4, Settings(), made, {"seconds": 1.0}
    )


KINDS = {
    "record": (RECORD.to_json(), records.read_record),
    "map": (a_map().to_json(), embedding.read_map),
}


@fuzz(300)
@given(kind=st.sampled_from(sorted(KINDS)), damage=damages())
def test_damaged_files(kind, damage, tmp_path):
    """They are refused, or nothing that they say has changed."""
    content, read = KINDS[kind]
    file = tmp_path / "file.json"
    file.write_bytes(damage(content))
    found = tried(lambda: read(file))
    assert found is None or found.to_json() == content


@pytest.fixture(scope="module")
def half_way(tmp_path_factory) -> Path:
    """A run that was left at epoch 2."""
    folder = tmp_path_factory.mktemp("half way")
    gevb.lab.train(CONFIG, folder, until=2, **CPU)
    return folder / "checkpoint.pt"


@pytest.fixture(scope="module")
def straight() -> gevb.lab.Run:
    return gevb.lab.train(CONFIG, **CPU)


@fuzz(25)
@given(damage=damages())
def test_damaged_checkpoints(damage, half_way, straight, tmp_path_factory):
    """Resuming gives one line, or bit by bit the result of the run that nobody touched."""
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "checkpoint.pt").write_bytes(damage(half_way.read_bytes()))
    run = tried(lambda: gevb.lab.train(CONFIG, folder, resume=True, **CPU))
    if run is None:
        return
    assert run.history == straight.history
    wanted = straight.network.state_dict()
    assert all(torch.equal(v, wanted[k]) for k, v in run.network.state_dict().items())


# ------------------------------------------------------------------------------------ kills


def test_killed_at_any_time(tmp_path, forking, straight):
    """Kill the process of each run now and then, until the run has come to its end."""
    draw, kills, wanted, runs = random.Random(0), 0, 2 * ROUNDS, 0
    while kills < wanted:
        folder = tmp_path / str(runs)
        while True:
            arguments = (CONFIG, folder, torch.get_num_threads(), draw.random() < 0.5)
            process = forking.Process(target=train_on, args=arguments)
            process.start()
            process.join(draw.uniform(0.2, 2.5) if kills < wanted else None)
            if process.exitcode is None:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
            process.join()
            if process.exitcode == 0:
                break
            assert process.exitcode == -signal.SIGKILL
        runs += 1
        run = gevb.lab.train(CONFIG, folder, resume=True, **CPU)
        assert run.history == straight.history
        weights = straight.network.state_dict()
        assert all(torch.equal(v, weights[k]) for k, v in run.network.state_dict().items())
        assert records.read_record(folder / "record.json") == run.record
        assert sorted(f.name for f in folder.iterdir()) == [".lock", "checkpoint.pt", "record.json"]
    print(f"{kills} kills of {runs} runs")
