"""Benchmarks: the textbook network is ours, work and rated time by hand, and a quick run."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from conftest import ARCHITECTURES, gradients, make_batch, make_network, relative_difference

import gevb
from benchmarks.__main__ import main
from benchmarks.fake_gpu import CUDA, Launches, fake_gpu
from benchmarks.growth import exponent
from benchmarks.measure import Times, peak_memory
from benchmarks.textbook import Textbook, shared
from benchmarks.work import Rates, Work, step_work
from gevb.lab.records import read_values, to_json
from gevb.lab.timings import FORMAT, against_textbook, benchmark
from gevb.networks import FC, Conv, Network, Pool


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize(("rule", "vectorized"), [("bp", True), ("gevb", True), ("bp", False)])
@pytest.mark.parametrize("positions", ["loop", "unfold"])
def test_the_textbook_network_is_ours(arch, rule, vectorized, positions):
    network = make_network(arch, vectorized=vectorized)
    textbook = Textbook(network, positions)
    x, y = make_batch()
    loss = gevb.make_rule(rule, network).backward(x, y)
    torch.testing.assert_close(textbook.backward(x, y, rule), loss, rtol=1e-12, atol=1e-14)
    ours = gradients(network)
    for l, layer in enumerate(network.layers):
        wanted = shared(layer.weights, ours[f"layers.{l}.weights.weight"])
        assert relative_difference(textbook.weights[l].grad, wanted) <= 1e-10
        wanted = ours[f"layers.{l}.weights.bias"]
        assert relative_difference(textbook.biases[l].grad, wanted) <= 1e-10


def test_work_by_hand():
    """A 1 x 2 x 3 image, 4 and 2 hidden units, K = 3 classes, batch 5."""
    work = step_work(Network((1, 2, 3), 3, (FC(4), FC(2))), "gevb", 5)
    forward, gates, update = 72 + 24 + 6, 12 + 6, (12 + 72) + (12 + 8) + (6 + 2)
    parameters = 72 + 12 + 8 + 6 + 2 + 3
    assert work.multiply_adds == 5 * (forward + gates + update)
    assert work.bytes == 4 * (9 * parameters + 5 * (2 * 6 + 3 * 3 * (4 + 2))) + 2 * 5 * (4 + 2)
    assert Work(100, 30).seconds(Rates(10, 10)) == 10
    assert Work(10, 30).seconds(Rates(10, 10)) == 3


def test_work_of_a_convolution_by_hand():
    """4 x 4 pixels, 2 channels of 3 x 3 kernels, pooled to 2 x 2, K = 5, batch 1."""
    work = step_work(Network((1, 4, 4), 5, (Conv(2, 3, 1, 1), Pool(2))), "gevb", 1)
    synapses = 16 * 2 * 9
    hidden = 5 * synapses + 5 * 32 + (synapses + 5 * 2 * 9)
    assert work.multiply_adds == hidden + 5 * 8 + (5 * 8 + 8)
    parameters = 5 * (2 * 9 + 2) + 8 + 5
    assert work.bytes == 4 * (9 * parameters + 2 * 16 + 3 * 5 * 8) + 2 * 32


def test_launches_by_hand():
    with fake_gpu():
        x = torch.empty(4, 3, 8, 8, device=CUDA)
        with Launches() as counted:
            x.flatten(1).T[0]  # views
            torch.empty_like(x)
            y = x + 1
            y.mul_(x)
        assert (counted.launches, counted.elsewhere) == (2, [])
        assert counted.bytes == 4 * x.numel() * (2 + 3)  # what mul_ gives back is what it got
        with Launches() as counted:
            F.pad(x, (1, 1, 1, 1))
            F.unfold(x, 2)
            torch.zeros(2)
        assert (counted.launches, counted.elsewhere) == (2 + 4 + 1, ["zeros"])
        with Launches() as counted:
            x[:1, :1, :1, :1].expand_as(x).clone()
        assert counted.bytes == 4 * 2 * x.numel()  # as x's memory bounds it


def test_exponent_and_quartiles():
    assert exponent((2, 4, 8), [3 * 4.0, 3 * 16.0, 3 * 64.0]) == 2
    assert Times.of([4.0, 1.0, 3.0, 2.0, 5.0]) == Times(3, 2, 4, 5)


def test_memory_of_a_step():
    """Gradient and Adam's averages alone are three times the weights."""
    network = gevb.build("mnist", "fc")
    weights = sum(p.numel() for p in network.parameters()) * 4
    held = torch.ones(2**27)  # This process's own memory does not count.
    assert 3 * weights < peak_memory("mnist", "fc", True, "gevb", "ours", 8) < 12 * weights
    assert held[0]


@pytest.mark.usefixtures("unchecked")
def test_quick_run(tmp_path):
    done = CliRunner().invoke(
        main, ["--quick", "--device", "cpu", "--name", "test", "--folder", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    assert "geometric mean" in done.output
    result = read_values(tmp_path / "test.json", FORMAT)
    assert result["provenance"]["torch"] == torch.__version__
    ways = {(row["arch"], row["rule"], row["way"]) for row in result["steps"] if row["vectorized"]}
    assert ("lc", "gevb", "textbook unfold") in ways
    assert ("conv", "bp", "textbook") in ways
    for row in result["steps"]:
        assert 0 < row["low"] <= row["seconds"] <= row["high"]
        if row["way"] == "ours":
            assert 0 < row["rated"] < row["seconds"]
            assert (against_textbook(result["steps"], row) is None) == (row["rule"] == "dfa")
    assert [row["quantity"] for row in result["growth"]] == [
        "width", "K", "batch", "depth", "image size"
    ]  # fmt: skip
    (epoch,) = result["epochs"]
    assert 0 < epoch["steps_seconds"] < epoch["seconds"]


def test_recorded_benchmarks(tmp_path, monkeypatch):
    monkeypatch.setattr("gevb.lab.timings.results_folder", lambda: tmp_path / "results")
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "desk.json").write_bytes(to_json(FORMAT, {"steps": []}))
    assert benchmark("desk") == {"steps": []}
    with pytest.raises(gevb.InputError, match="benchmark: got 'lap', wanted one of desk"):
        benchmark("lap")
    for content in ("{", "[]", "{}", '{"format": "another"}'):
        (folder / "desk.json").write_text(content)
        with pytest.raises(gevb.InputError, match=r"desk.json.* (damaged|wanted 'gevb bench)"):
            benchmark("desk")
