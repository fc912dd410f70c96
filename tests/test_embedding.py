"""Activations, PCA, t-SNE, cluster quality, records of maps, the command that makes them."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import shutil
import sys
import tracemalloc

import numpy as np
import pytest
import torch
from conftest import INPUT, make_network

import gevb
from gevb import cli
from gevb.data import Split
from gevb.lab import records
from gevb.lab.embedding import NETWORKS as NETWORKS_OF_THE_PAPER
from gevb.lab.embedding import (
    RecordedMap,
    before_and_after,
    embed_run,
    read_map,
    recorded_maps,
    summary,
    untrained,
)
from gevb.lab.maps import (
    Map,
    Settings,
    activations,
    cluster_quality,
    embed,
    last_convolutional,
    principal_components,
    tsne,
)
from gevb.lab.records import to_json

SHORT = Settings(points=100, iterations=251)
NETWORKS = [
    (vectorized, nonnegative, rule)
    for vectorized in (True, False)
    for nonnegative in (True, False)
    for rule in ("gevb" if vectorized else "dfa", "bp")
]


def make_split(count: int = 70, shape: tuple[int, int, int] = INPUT, classes: int = 3) -> Split:
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(count, *shape, generator=generator)
    return Split(x, torch.arange(count) % classes, classes)


# ------------------------------------------------------------------------------- activations


@pytest.mark.parametrize(
    ("arch", "last"), [("conv", 2), ("conv-pool", 2), ("lc-pool", 2), ("mixed-kinds", 2)]
)
def test_last_convolutional(arch, last):
    assert last_convolutional(make_network(arch)) == last


def test_no_convolution():
    with pytest.raises(gevb.InputError, match="layer: got a fully connected network, wanted one"):
        last_convolutional(make_network("fc"))


@pytest.mark.parametrize("vectorized", [True, False])
@pytest.mark.parametrize("arch", ["conv-pool", "conv-stride-padding", "lc-pool", "fc"])
def test_activations_are_gated_and_pooled(arch, vectorized):
    network, split = make_network(arch, vectorized=vectorized), make_split()
    a = network.as_units(split.x.double())
    for number, layer in enumerate(network.layers[:-1], start=1):
        h = layer.weights(a)
        gate = ((h * layer.gate.t).sum(1, keepdim=True) >= 0).double()
        a = layer.arranged(h * gate)
        got = activations(network, split, number)
        assert got.dtype == np.float32
        assert got.shape == (70, math.prod(a.shape[1:]))
        np.testing.assert_allclose(got, a.flatten(1).detach().numpy(), rtol=1e-6, atol=1e-6)


def test_activations_of_some_images_in_order():
    network, split = make_network("conv"), make_split()
    order = torch.tensor([4, 69, 0])
    wanted = activations(network, split, 1)[order.numpy()]
    assert activations(network, split, 1, order) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(("vectorized", "features"), [(True, 10240), (False, 1024)])
def test_cifar10_has_as_many_activations_as_the_paper(vectorized, features):
    network = gevb.build("cifar10", "conv", vectorized=vectorized)
    split = make_split(1, (3, 32, 32))
    got = activations(network, split, last_convolutional(network))
    assert got.shape == (1, features)  # 64 channels, 4 x 4 positions, K = 10 or 1: Appendix K
    open_units = got.reshape(-1, 1024).any(axis=0)
    assert 0.2 < open_units.mean() < 0.8  # about half of the gates are closed


@pytest.mark.parametrize("layer", [-1, 0, 4])
def test_no_such_layer(layer):
    with pytest.raises(gevb.InputError, match=f"layer: got {layer}, wanted 1 to 3, the number"):
        activations(make_network("conv"), make_split(), layer)


# ---------------------------------------------------------------------------------------- PCA


@pytest.mark.parametrize(("shape", "dimensions"), [((90, 20), 5), ((90, 20), 600), ((12, 40), 600)])
def test_principal_components(shape, dimensions):
    x = np.random.default_rng(0).standard_normal(shape) * np.geomspace(1, 0.01, shape[1])
    x = x.astype(np.float32)
    u, s, _ = np.linalg.svd(x - x.mean(0, dtype=np.float64), full_matrices=False)
    kept = min(dimensions, *shape)
    got = principal_components(x.copy(), dimensions)
    assert got.dtype == np.float32
    assert got.shape == (shape[0], kept)
    assert np.abs(got) == pytest.approx(np.abs(u * s)[:, :kept], abs=1e-4)


def test_principal_components_hold_no_second_copy():
    x = np.random.default_rng(0).standard_normal((3000, 2000), dtype=np.float32)
    principal_components(x[:100].copy(), 2)  # imports what it needs
    tracemalloc.start()
    try:
        principal_components(x, 60)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 0.3 * x.nbytes


def test_principal_components_of_large_data_are_deterministic():
    x = np.random.default_rng(0).standard_normal((700, 1200), dtype=np.float32)
    first, second = (principal_components(x.copy(), 50, seed=3) for _ in range(2))
    assert np.array_equal(first, second)
    usual, zero = principal_components(x.copy(), 50), principal_components(x.copy(), 50, seed=0)
    assert np.array_equal(usual, zero)
    assert not np.array_equal(usual, first)
    assert Settings().seed == 0


# -------------------------------------------------------------------------------------- t-SNE


def two_clouds() -> np.ndarray:
    x = np.random.default_rng(1).standard_normal((80, 6)).astype(np.float32)
    x[40:] += 10
    return x


def test_tsne_keeps_clouds_apart_and_repeats():
    settings = Settings(perplexity=10, iterations=300)
    first, second = (tsne(two_clouds(), settings, progress=False) for _ in range(2))
    assert first.shape == (80, 2)
    assert np.array_equal(first, second)
    assert cluster_quality(first, np.arange(80) // 40) < 0.6


def test_tsne_shows_progress(capsys):
    tsne(two_clouds(), Settings(perplexity=5, iterations=300))
    assert "300/300" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("features", "wanted"),
    [
        (np.zeros((60, 3)), "perplexity 20: got 60 points, wanted at least 61"),
        (np.full((61, 3), np.nan), "features that are not finite"),
    ],
)
def test_tsne_refuses(features, wanted):
    with pytest.raises(gevb.InputError, match=wanted):
        tsne(features, Settings(), progress=False)


def test_no_opentsne(monkeypatch):
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    with pytest.raises(gevb.InputError, match="pip install openTSNE"):
        tsne(two_clouds(), Settings())


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"perplexity": 0.5}, "perplexity: got 0.5, wanted a number >= 1"),
        ({"perplexity": math.nan}, "perplexity: got nan"),
        ({"iterations": 250}, "iterations: got 250, wanted a whole number >= 251"),
        ({"dimensions": 1}, "dimensions: got 1, wanted a whole number >= 2"),
        ({"learning_rate": 0}, "learning_rate: got 0, wanted a number above 0"),
        ({"learning_rate": math.inf}, "learning_rate: got inf"),
        ({"seed": -1}, "seed: got -1"),
    ],
)
def test_settings_refuse(change, wanted):
    with pytest.raises(gevb.InputError, match=wanted):
        Settings(**change)


def test_settings_are_the_papers():
    settings = Settings()
    assert (settings.perplexity, settings.learning_rate, settings.iterations) == (20, 100, 5000)
    assert settings.dimensions == 600


# ----------------------------------------------------------------------------- cluster quality


def quality_by_loops(points: np.ndarray, labels: np.ndarray) -> float:
    def rms(some: list[np.ndarray]) -> float:
        squares = [sum((p - q) ** 2) for p, q in itertools.combinations(some, 2)]
        return math.sqrt(sum(squares) / len(squares))

    classes = sorted(set(labels.tolist()))
    within = [rms([p for p, y in zip(points, labels, strict=True) if y == c]) for c in classes]
    return sum(within) / len(within) / rms(list(points))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dimensions", [1, 2, 7])
def test_cluster_quality_by_loops(seed, dimensions):
    generator = np.random.default_rng(seed)
    labels = np.concatenate(
        [[0, 0, 5, 5, 9, 9], generator.choice([0, 5, 9], 30, p=[0.7, 0.2, 0.1])]
    )
    points = generator.standard_normal((36, dimensions)) + 3 * (labels[:, None] == 5)
    assert cluster_quality(points, labels) == pytest.approx(
        quality_by_loops(points, labels), rel=1e-13
    )


def test_cluster_quality_does_not_depend_on_place_scale_or_names():
    generator = np.random.default_rng(0)
    points, labels = generator.standard_normal((50, 2)), np.arange(50) % 3
    wanted = cluster_quality(points, labels)
    assert cluster_quality(points * 7 + 1e6, labels) == pytest.approx(wanted, rel=1e-9)
    assert cluster_quality(points, 40 - labels) == pytest.approx(wanted, rel=1e-14)


def test_cluster_quality_of_float32_is_summed_in_float64():
    points = (np.random.default_rng(0).standard_normal((5000, 2)) + 50).astype(np.float32)
    labels = np.arange(5000) % 2
    wanted = cluster_quality(points.astype(np.float64), labels)
    assert cluster_quality(points, labels) == pytest.approx(wanted, rel=1e-12)


def test_cluster_quality_at_the_ends():
    labels = np.arange(4000) % 2
    assert cluster_quality(np.stack([labels, labels], 1).astype(float), labels) == 0
    noise = np.random.default_rng(0).standard_normal((4000, 2))
    assert cluster_quality(noise, labels) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("points", "labels", "wanted"),
    [
        (np.eye(4), [0, 0, 1], r"labels: got shape \(3,\), wanted one label for each of 4 points"),
        (np.eye(4), [[0, 0, 1, 1]], r"labels: got shape \(1, 4\)"),
        (np.eye(4), [2, 2, 2, 2], "labels: got 1 classes, wanted at least 2"),
        (np.eye(4), [0, 0, 0, 7], "labels: got a single point of class 7, wanted at least 2"),
        (np.ones((4, 2)), [0, 0, 1, 1], "points: got an RMS distance of 0.0"),
        (np.full((4, 2), np.nan), [0, 0, 1, 1], "points: got an RMS distance of nan"),
    ],
)
def test_cluster_quality_refuses(points, labels, wanted):
    with pytest.raises(gevb.InputError, match=wanted):
        cluster_quality(points, np.array(labels))


# ---------------------------------------------------------------------------------- whole maps


def test_embed():
    network, digits = gevb.build("digits", "conv"), gevb.load("digits")
    first, again = (embed(network, digits.train, SHORT, progress=False) for _ in range(2))
    assert np.array_equal(first.xy, again.xy)
    assert (first.count, first.layer, first.features) == (100, 2, 640)
    raw = activations(network, digits.train, 2)
    places = [np.flatnonzero((digits.train.y == c).numpy()) for c in range(10)]
    counts = np.bincount(first.labels, minlength=10)
    assert 0 < counts.min() <= counts.max() <= min(map(len, places))
    assert first.quality == cluster_quality(first.xy, first.labels)
    whole = embed(network, digits.train, dataclasses.replace(SHORT, points=None), progress=False)
    assert whole.count == len(whole.xy) == 1437
    # 600 of 640 dimensions hold nearly all of the variance.
    assert whole.quality_pca == pytest.approx(
        cluster_quality(raw, digits.train.y.numpy()), rel=1e-3
    )
    assert np.array_equal(whole.labels[:100], first.labels)  # the same images, in the same order


def test_embed_refuses():
    network, split = make_network("conv"), make_split()
    with pytest.raises(gevb.InputError, match="points: got 71, wanted 2 to 70, the number of"):
        embed(network, split, Settings(points=71))
    with pytest.raises(gevb.InputError, match="points: got 0, wanted a whole number >= 2"):
        embed(network, split, Settings(points=0))
    with pytest.raises(gevb.InputError, match="perplexity 20: got 40 points"):
        embed(network, split, Settings(points=40))


# ------------------------------------------------------------------------------------- records


def make_map(count: int = 2500, quality: float = 0.5, **change: object) -> RecordedMap:
    generator = np.random.default_rng(0)
    made = Map(
        xy=generator.standard_normal((count, 2)) * 30,
        labels=np.arange(count) % 10,
        count=count,
        layer=2,
        features=640,
        quality=quality,
        quality_pca=0.8,
    )
    session = {"seconds": 1.0, "device_name": "x"}
    values = {"config": gevb.Config(arch="conv"), "epoch": 190, "settings": Settings(), "map": made}
    return RecordedMap(**{**values, "session": session, **change})


def test_record_is_small_and_comes_back(tmp_path):
    made = make_map()
    file = tmp_path / f"{made.name}.json"
    file.write_bytes(made.to_json())
    assert file.name == "digits-conv-vectorized-nonnegative-gevb-seed0.json"
    assert file.stat().st_size < 60_000
    back = recorded_maps(tmp_path)[made.name]
    assert (back.config, back.epoch, back.settings) == (made.config, 190, made.settings)
    assert back.map.count == 2500
    assert back.map.xy == pytest.approx(made.map.xy[:2000], abs=0.00501)
    assert np.array_equal(back.map.labels, made.map.labels[:2000])
    assert (back.map.quality, back.map.quality_pca) == (0.5, 0.8)
    assert back.to_json() == made.to_json()


def test_untrained_map_is_shared_by_the_rules():
    names = {
        make_map(epoch=0, config=gevb.Config(arch="conv", rule=rule, epochs=epochs)).name
        for rule in ("gevb", "bp")
        for epochs in (5, 190)
    }
    assert names == {"digits-conv-vectorized-nonnegative-untrained-seed0"}


def test_damaged_records(tmp_path):
    file, whole = tmp_path / "x.json", make_map(50).to_json()
    with pytest.raises(gevb.InputError, match=r"cannot read .*x\.json: No such file"):
        read_map(file)
    file.write_bytes(whole[:-20])
    with pytest.raises(gevb.InputError, match=r"x.json is damaged or was cut short, no JSON"):
        recorded_maps(tmp_path)
    file.write_bytes(whole.replace(b"embedding 2", b"embedding 9"))
    with pytest.raises(gevb.InputError, match="got format 'gevb embedding 9', wanted 'gevb em"):
        read_map(file)
    values = json.loads(whole)
    del values["format"], values["sha256"]
    for part in ("config", "map", "session", "settings"):
        some = {k: v for k, v in values.items() if k != part}
        file.write_bytes(to_json("gevb embedding", some))
        with pytest.raises(gevb.InputError, match=f"does not hold a whole map: '{part}'"):
            read_map(file)
    file.write_text("[]")
    with pytest.raises(gevb.InputError, match="got format None"):
        read_map(file)


def test_records_travel_with_an_installed_package(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "__file__", str(tmp_path / "gevb" / "lab" / "records.py"))
    assert recorded_maps() == {}
    folder = tmp_path / "gevb" / "embeddings"
    folder.mkdir(parents=True)
    (folder / f"{make_map().name}.json").write_bytes(make_map().to_json())
    assert list(recorded_maps()) == [make_map().name]


def test_the_books_records():
    for name, found in recorded_maps().items():
        assert name == found.name
        assert len(found.map.xy) == len(found.map.labels) == min(found.map.count, 2000)
        assert 0 < found.map.quality < 2
        for fact in ("openTSNE", "source_sha256", "device_name", "started", "seconds"):
            assert found.session[fact]


def test_before_and_after_wants_comparable_maps():
    after, before = make_map(quality=0.3), make_map(quality=0.45, epoch=0)
    other = make_map(quality=0.9, epoch=0, settings=Settings(perplexity=30))
    assert before_and_after({after.name: after}) == []
    assert before_and_after({after.name: after, before.name: other}) == []
    assert before_and_after({after.name: after, before.name: before}) == [(before, after)]
    assert after.network == "GEVB+ vectorized"


def test_before_and_after_is_in_the_order_of_the_networks():
    runs = [
        gevb.Config(arch="conv", vectorized=False, rule="bp"),
        gevb.Config(arch="conv", vectorized=False, rule="dfa"),
        gevb.Config(arch="conv", seed=0),
        gevb.Config(arch="conv", seed=1),
    ]
    made = [make_map(config=config, epoch=epoch) for config in runs for epoch in (0, 9)]
    maps = {m.name: m for m in made}
    found = [(after.network, after.config.seed) for _, after in before_and_after(maps)]
    assert found == [
        ("GEVB+ vectorized", 0),
        ("GEVB+ vectorized", 1),
        ("DFA+ conventional", 0),
        ("BP+ conventional", 0),
    ]


def test_networks_are_the_papers_eight():
    assert len(NETWORKS_OF_THE_PAPER) == len(set(NETWORKS_OF_THE_PAPER)) == 8
    assert NETWORKS_OF_THE_PAPER[::4] == ("GEVB+ vectorized", "DFA+ conventional")


def test_summary_shows_what_is_missing():
    before = make_map(quality=0.5, epoch=0)
    runs = [(before, make_map(quality=0.3)), (before, make_map(quality=0.4, epoch=80))]
    first, *others = summary({"digits": runs, "MNIST": []}).rows
    assert first == (
        "digits GEVB+ vectorized",
        "2",
        "80-190",
        "0.500 → 0.350",
        "0.800 → 0.800",
    )
    assert [row[1:] for row in others] == [("0", *["no map yet"] * 3)] * 7


# ---------------------------------------------------------------------------- runs, command line


def train(tmp_path, epochs: int = 1, **change: object):
    config = gevb.Config(**{"arch": "conv", "epochs": epochs, **change})
    gevb.lab.train(config, tmp_path / "run", device="cpu", progress=False)
    return tmp_path / "run", config


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("vectorized", "nonnegative", "rule"), NETWORKS)
def test_embed_run(vectorized, nonnegative, rule, tmp_path):
    run, config = train(tmp_path, vectorized=vectorized, nonnegative=nonnegative, rule=rule)
    made = embed_run(run, tmp_path / "maps", SHORT, device="cpu", progress=False)
    maps = recorded_maps(tmp_path / "maps")
    assert list(maps) == sorted([config.name, untrained(config)])
    before, after = maps[untrained(config)], maps[config.name]
    assert [m.to_json() for m in made] == [before.to_json(), after.to_json()]
    assert (before.epoch, after.epoch) == (0, 1)
    assert before.map.features == after.map.features == (640 if vectorized else 64)
    assert np.array_equal(before.map.labels, after.map.labels)
    assert before.map.quality_pca != after.map.quality_pca
    network = gevb.build("digits", "conv", vectorized=vectorized, nonnegative=nonnegative)
    fresh = embed(network, gevb.load("digits").train, SHORT, progress=False)
    assert before.map.quality == round(fresh.quality, 4)
    assert before_and_after(maps) == [(before, after)]


def test_untrained_map_is_made_once(tmp_path):
    run, config = train(tmp_path)
    embed_run(run, tmp_path, SHORT, device="cpu", progress=False)
    file = tmp_path / f"{untrained(config)}.json"
    values = json.loads(file.read_text())
    values["session"]["seconds"] = 12345.0
    del values["format"], values["sha256"]
    file.write_bytes(to_json("gevb embedding", values))
    before, _ = embed_run(run, tmp_path, SHORT, device="cpu", progress=False)
    assert before.session["seconds"] == 12345.0
    other = dataclasses.replace(SHORT, points=90)
    before, _ = embed_run(run, tmp_path, other, device="cpu", progress=False)
    assert before.session["seconds"] != 12345.0


def test_run_that_only_began(tmp_path):
    run, config = train(tmp_path, epochs=0)
    (before,) = embed_run(run, tmp_path, SHORT, device="cpu", progress=False)
    assert before.name == untrained(config)


def command(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["gevb", "embed", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    captured = capsys.readouterr()
    return stop.value.code or 0, captured.out, captured.err


def test_command(monkeypatch, capsys, tmp_path):
    run, config = train(tmp_path)
    maps = tmp_path / "maps"
    code, out, err = command(
        monkeypatch, capsys, str(run), "--iterations", "251", "--points", "80", "--out", str(maps)
    )
    assert code == 0
    before, after = out.splitlines()
    assert before.startswith(f"{untrained(config)}: cluster quality ")
    assert after.startswith(f"{config.name}: cluster quality ")
    assert after.endswith("after 1 epochs")
    assert "t-SNE" in err
    assert recorded_maps(maps)[config.name].settings == Settings(points=80, iterations=251)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--iterations", "5"], "iterations: got 5, wanted a whole number >= 251"),
        (["--points", "0"], "0 is not in the range x>=1"),
        (["--points", "60"], "perplexity 20: got 60 points"),
        (["--points", "99999"], "points: got 99999, wanted 2 to 1437"),
        (["--device", "tpu"], "'tpu' is not one of"),
        (["--perplexity", "3"], "No such option"),
    ],
)
def test_command_refuses(arguments, wanted, monkeypatch, capsys, tmp_path):
    run, _ = train(tmp_path, epochs=0)
    maps = tmp_path / "maps"
    code, out, err = command(monkeypatch, capsys, str(run), "--out", str(maps), *arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert wanted in err
    assert not maps.exists() or not list(maps.iterdir())


def test_command_refuses_folders(monkeypatch, capsys, tmp_path):
    missing, out = str(tmp_path / "missing"), str(tmp_path / "maps")
    run, _ = train(tmp_path, epochs=0)
    (tmp_path / "fc").mkdir()
    fc, _ = train(tmp_path / "fc", epochs=0, arch="fc")
    (tmp_path / "file").touch()
    middle = tmp_path / "middle"
    shutil.copytree(run, middle)
    state = torch.load(middle / "checkpoint.pt", weights_only=True)
    torch.save({**state, "batch": 3}, middle / "checkpoint.pt")
    cases = {
        (missing, out): "record.json: No such file",
        (str(middle), out): "got a checkpoint in the middle of an epoch",
        (str(fc), out): "layer: got a fully connected network",
        (str(run), str(tmp_path / "file" / "maps")): "cannot make the folder",
    }
    (run / "checkpoint.pt").rename(tmp_path / "kept.pt")
    cases[str(run), out] = "got no checkpoint.pt, wanted a run folder that holds one"
    for (folder, where), wanted in cases.items():
        if wanted.startswith("cannot"):
            (tmp_path / "kept.pt").rename(run / "checkpoint.pt")
        code, printed, err = command(monkeypatch, capsys, folder, "--out", where)
        assert (code, printed) == (2, "")
        assert len(err.splitlines()) == 1
        assert wanted in err
        if wanted.startswith("cannot"):
            (run / "checkpoint.pt").rename(tmp_path / "kept.pt")
    (run / "checkpoint.pt").write_bytes((tmp_path / "kept.pt").read_bytes()[:-100])
    code, _, err = command(monkeypatch, capsys, str(run), "--out", out)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "cannot be read, truncated or foreign" in err


def test_tsne_reports_its_progress_and_ends_where_the_report_says_so():
    features = np.random.default_rng(0).normal(size=(70, 5)).astype(np.float32)
    settings = Settings(iterations=260)
    told: list[tuple[float, float]] = []
    tsne(features, settings, False, lambda *said: told.append(said))
    shares = [share for share, _ in told]
    assert shares == pytest.approx([n / 26 for n in range(1, 27)])
    assert all(divergence > 0 for _, divergence in told)

    def stop(share: float, divergence: float) -> None:
        told.append((share, divergence))
        raise KeyboardInterrupt

    told.clear()
    with pytest.raises(KeyboardInterrupt):
        tsne(features, settings, False, stop)
    assert len(told) == 1
