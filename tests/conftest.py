"""Shared pieces: small networks of every kind, random batches, the real data sets, small books."""

from __future__ import annotations

import io
import multiprocessing
import os
import subprocess
import sys
from functools import cache
from multiprocessing.context import BaseContext
from pathlib import Path
from unittest.mock import patch

import jaxtyping
import pytest
import torch
from filelock import FileLock
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]
# Shapes are checked in the modules that write any; in the others mypy has checked the types, and to
# do so again at every call costs the tests time. Before the imports below: it acts on new ones.
SHAPED = [
    ".".join(file.relative_to(package.parent).with_suffix("").parts)
    for package in (ROOT / "gevb", ROOT / "book/gevbook")
    for file in sorted(package.rglob("*.py"))
    if "from jaxtyping import" in file.read_text(encoding="utf-8")
]
jaxtyping.install_import_hook(SHAPED, "beartype.beartype")

import gevb  # noqa: E402
from gevb.data import data_folder  # noqa: E402
from gevb.datasets import DATASETS  # noqa: E402
from gevb.networks import FC, LC, Conv, Network, Pool  # noqa: E402

if "PYTEST_XDIST_WORKER" in os.environ:  # Workers share the cores.
    torch.set_num_threads(1)


# They share what took long to make: a built book, a data set.
TOGETHER = [
    f"tests/test_{name}.py" for name in ("book_extension", "book_gate", "data", "goals", "slides")
]


class Spread(LoadScopeScheduling):
    """The cells of a notebook stay together, and the tests of some files.

    They come first; the other tests go one by one to whichever worker has room for them.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        together = file.endswith(".ipynb") or file in TOGETHER
        return file if together else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Spread | None:
    """Schedule the tests for `--dist loadscope`."""
    return Spread(config, log) if config.getvalue("dist") == "loadscope" else None


# Hidden layers over small images: stride, padding, pooling with and without a remainder.
ARCHITECTURES = {
    "fc": (FC(6), FC(4)),
    "one-hidden": (FC(8),),
    "linear": (),
    "conv": (Conv(4, 3), Conv(2, 2), FC(6)),
    "conv-stride-padding": (Conv(4, 3, 2, 1), Conv(4, 2, 2, 0), FC(4)),
    "conv-pool": (Conv(4, 3, 1, 1), Pool(2), Conv(4, 2, 1, 1), Pool(3), FC(8)),
    "conv-no-fc": (Conv(4, 3, 2, 0), Conv(2, 2, 1, 0)),
    "lc": (LC(4, 3), LC(2, 2), FC(6)),
    "lc-stride-padding": (LC(4, 3, 2, 1), LC(4, 2, 2, 0), FC(4)),
    "lc-pool": (LC(4, 3, 1, 1), Pool(2), LC(4, 2, 1, 1), Pool(3), FC(8)),
    "mixed-kinds": (Conv(2, 3, 1, 1), Pool(2), LC(4, 2), FC(4), FC(6)),
}
INPUT = (2, 7, 6)


def make_network(
    arch: str, classes: int = 3, vectorized: bool = True, nonnegative: bool = True, seed: int = 0
) -> Network:
    """A small float64 network with biases that are not zero."""
    network = Network(
        INPUT,
        classes,
        ARCHITECTURES[arch],
        vectorized=vectorized,
        nonnegative=nonnegative,
        seed=seed,
    ).double()
    generator = torch.Generator().manual_seed(seed + 100)
    with torch.no_grad():
        for layer in network.layers:
            shape = layer.weights.bias.shape
            layer.weights.bias.copy_(torch.randn(shape, generator=generator) / 10)
    return network


def make_batch(classes: int = 3, size: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Random images and labels."""
    generator = torch.Generator().manual_seed(seed + 200)
    x = torch.randn(size, *INPUT, generator=generator, dtype=torch.float64)
    return x, torch.randint(classes, (size,), generator=generator)


def gradients(network: Network) -> dict[str, torch.Tensor]:
    """`.grad` of every parameter, by name, and forgotten by the network."""
    result = {name: p.grad.clone() for name, p in network.named_parameters()}
    network.zero_grad()
    return result


def relative_difference(got: torch.Tensor, wanted: torch.Tensor) -> float:
    """Largest difference, as a share of the largest wanted value."""
    return float((got - wanted).abs().max() / wanted.abs().max().clamp(min=1e-300))


@pytest.fixture(scope="session")
def real_data(tmp_path_factory: pytest.TempPathFactory):
    """Folder with a real data set, or a skip that says what was looked for."""

    @cache
    def folder(name: str) -> Path:
        usual = data_folder(None)
        if all((usual / file).is_file() for file in DATASETS[name].files):
            return usual
        unpack = ROOT.parent / "shared" / "data" / "unpack.py"
        if not unpack.is_file():
            pytest.skip(f"real {name} absent: neither in {usual} nor packed in {unpack.parent}")
        # One for all workers: what is there and right is left alone.
        target = tmp_path_factory.getbasetemp().parent / "data"
        with FileLock(f"{target}-{name}.lock"):
            subprocess.run([sys.executable, unpack, target, "--only", name], check=True)
        return target

    return folder


def build_book(source: Path, out: Path) -> tuple[int, str]:
    """A small book, without pictures; status and warnings, which are errors."""
    said = io.StringIO()
    with patch.dict(os.environ, CHROME_PATH="nowhere"), patch_docutils(), docutils_namespace():
        folders = (source, source, out, f"{out}-trees")
        options = {"status": None, "warning": said, "warningiserror": True, "keep_going": True}
        app = Sphinx(*folders, "html", **options)
        app.build()
    return app.statuscode, said.getvalue()


@pytest.fixture(scope="session")
def forking() -> BaseContext:
    """Starts processes that have imported what training wants, which takes a new one seconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gevb.lab.engine", "torch._dynamo", "sklearn.model_selection"])
    return context


@pytest.fixture
def quick_workers(forking: BaseContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's workers start at once, by a fork; without this fixture they are spawned."""
    monkeypatch.setattr("gevb.lab.engine.get_context", lambda method: forking)


@pytest.fixture
def config() -> gevb.Config:
    """A short run on the digits."""
    return gevb.Config(epochs=4, evaluate_every=2)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls as users make them, and as quick: without the tests' checks of shapes and types."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


SESSION = {
    "started": "2026-11-25T00:00:00+00:00",
    "device_name": "no machine",
    "torch": torch.__version__,
    "source_sha256": "0" * 64,
    "seconds": 1.0,
}


def make_record(config: gevb.Config, error: float | None) -> gevb.lab.Record:
    """A finished run with this test error, or a failed one; evaluated at its end alone."""
    if error is None:
        return gevb.lab.Record(config, [], [], "failed", "loss: got nan")
    last = gevb.Evaluation(config.epochs, 0.0, float(error), 0.1, 0.2, (30.0, None))
    return gevb.lab.Record(config, [last], [SESSION], "finished")


def whole_record(config: gevb.Config, wrong: int) -> gevb.lab.Record:
    """A record that a file may hold: of all evaluations, with so many wrong test images each."""
    facts = DATASETS[config.dataset]
    history = [
        gevb.Evaluation(epoch, 100 / facts.train, 100 * wrong / facts.test, 0.1, 0.2, (30.0, None))
        for epoch in config.evaluated
    ]
    return gevb.lab.Record(config, history, [SESSION], "finished")
