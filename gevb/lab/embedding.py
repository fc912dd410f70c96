"""Records of maps: activations of a run's network before and after training.

A record is a small JSON file in `data/embeddings`; `gevb.lab.maps` describes how maps are made.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from gevb.data import choose_device, load
from gevb.errors import InputError, check_path, one_line
from gevb.lab.experiments import experiments
from gevb.lab.maps import Map, Settings, embed
from gevb.lab.provenance import provenance
from gevb.lab.records import read_record, read_values, results_folder, to_json
from gevb.lab.runs import RunFolder, restore, write_atomically
from gevb.lab.tables import Table
from gevb.networks import Network
from gevb.training import Config, Trainer

FORMAT = "gevb embedding"
SHOWN = 2000  # points with coordinates in a record


# The paper's eight convolutional networks of a data set.
NETWORKS = tuple(e.title for e in experiments(["cifar10"], "-conv-"))


def untrained(config: Config) -> str:
    """Return the name of the map before training, which all rules of a network share."""
    return f"{config.network}-untrained-seed{config.seed}"


@dataclass(frozen=True, eq=False)
class RecordedMap:
    """A map of a run's network, with its origin.

    Attributes:
        config: of the run. Before training only dataset, architecture, kind of network and seed
            matter.
        epoch: epochs trained; 0 before training.
        settings: of the map.
        map: with the coordinates of at most 2,000 points.
        session: provenance of the map, not of the training.
    """

    config: Config
    epoch: int
    settings: Settings
    map: Map
    session: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the run, or of its untrained network."""
        return self.config.name if self.epoch else untrained(self.config)

    @property
    def network(self) -> str:
        """Network, one of `NETWORKS`."""
        return self.config.title

    def to_json(self) -> bytes:
        """Format the record's file; coordinates have 2 decimals."""
        values = {
            "config": asdict(self.config),
            "epoch": self.epoch,
            "settings": asdict(self.settings),
            "session": self.session,
            "map": {
                **vars(self.map),
                "quality": round(self.map.quality, 4),
                "quality_pca": round(self.map.quality_pca, 4),
                "xy": self.map.xy[:SHOWN].round(2).tolist(),
                "labels": self.map.labels[:SHOWN].tolist(),
            },
        }
        # Lists without lists in them (a point, or all labels) are easier to read on one line.
        return to_json(FORMAT, values, r"\[[^][{]*\]")


def read_map(file: Path) -> RecordedMap:
    """Read the recorded map in a file.

    Raises:
        InputError: the file cannot be read, was cut short, is no map or has another version.
    """
    values = read_values(file, FORMAT)
    try:
        found = values["map"]
        return RecordedMap(
            config=Config(**values["config"]),
            epoch=values["epoch"],
            settings=Settings(**values["settings"]),
            map=Map(**{**found, "xy": np.array(found["xy"]), "labels": np.array(found["labels"])}),
            session=values["session"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{file} does not hold a whole map: {error}") from error


def recorded_maps(folder: Path | None = None) -> dict[str, RecordedMap]:
    """Read all recorded maps by name: those of `folder`, else those in the book.

    The book's are in `data/embeddings` in a checkout, in `embeddings` in an installed package.

    Raises:
        InputError: a file is damaged.
    """
    if folder is None:
        folder = results_folder().with_name("embeddings")
    return {file.stem: read_map(file) for file in sorted(folder.glob("*.json"))}


def before_and_after(maps: dict[str, RecordedMap]) -> list[tuple[RecordedMap, RecordedMap]]:
    """Pair maps of the same run before and after training, made with the same settings.

    They are in the order of `NETWORKS`. Runs without a comparable map before training are left out.
    """
    pairs = [
        (before, after)
        for after in maps.values()
        if after.epoch
        and (before := maps.get(untrained(after.config)))
        and before.settings == after.settings
    ]
    return sorted(pairs, key=lambda pair: NETWORKS.index(pair[1].network))


def epochs_trained(pairs: Sequence[tuple[RecordedMap, RecordedMap]]) -> str:
    """Format the epochs trained, or their range, of the maps before and after; at least one run."""
    epochs = [after.epoch for _, after in pairs]
    return "-".join(map(str, dict.fromkeys((min(epochs), max(epochs)))))


def summary(found: Mapping[str, Sequence[tuple[RecordedMap, RecordedMap]]]) -> Table:
    """Tabulate mean cluster qualities before and after training, a row per network.

    Args:
        found: maps of runs, from `before_and_after`, by the title of their data set. Data sets
            without runs are left out.
    """
    rows = []
    for title, pairs in found.items():
        for network in NETWORKS if pairs else ():
            runs = [pair for pair in pairs if pair[1].network == network]
            row: tuple[str, ...] = (f"{title} {network}", str(len(runs)))
            if not runs:
                rows.append((*row, *["no map yet"] * 3))
                continue
            row += (epochs_trained(runs),)
            for space in ("quality", "quality_pca"):
                both = np.mean([[getattr(m.map, space) for m in pair] for pair in runs], 0)
                row += ("{:.3f} → {:.3f}".format(*both),)
            rows.append(row)
    return Table(("network", "seeds", "epochs", "in the t-SNE plane", "after PCA"), rows)


def embed_run(
    run: str | Path,
    out: str | Path,
    settings: Settings | None = None,
    *,
    data_dir: str | Path | None = None,
    device: str = "auto",
    progress: bool = True,
) -> list[RecordedMap]:
    """Record the maps of a run's network after training, and before it unless recorded already.

    The network before training is built again from the run's seed.

    Args:
        run: a run folder with a checkpoint.
        out: folder for the records; made if missing.
        settings: settings of the maps.
        data_dir: see `gevb.data.load`.
        device: of the network, "auto", "cpu" or "cuda"; PCA and t-SNE run on the CPU.
        progress: show a bar for each t-SNE on standard error.

    Raises:
        InputError: `run` holds no checkpoint, a damaged one or one in the middle of an epoch, a
            file cannot be written, or see `embed`, `gevb.data.load` and `choose_device`.
    """
    settings, chosen, target = settings or Settings(), choose_device(device), check_path("out", out)
    config = read_record(check_path("run folder", run) / "record.json").config
    folder = RunFolder(run, config, resume=True)
    state = folder.load(chosen)
    if state is None:
        raise InputError(f"{run}: got no checkpoint.pt, wanted a run folder that holds one")
    if state.get("batch"):
        raise InputError(
            f"{run}: got a checkpoint in the middle of an epoch, wanted a run that is not under way"
        )
    data = load(config.dataset, data_dir, chosen)
    trainer = Trainer(config, data, chosen)
    restore(trainer, state, folder.checkpoint)
    with one_line(f"make the folder {target}"):
        target.mkdir(parents=True, exist_ok=True)

    def record(network: Network, epoch: int) -> RecordedMap:
        session = {
            **provenance("gevb.lab.maps", chosen, settings.seed),
            "openTSNE": version("openTSNE"),
        }
        started = time.perf_counter()
        made = embed(network, data.train, settings, progress)
        session["seconds"] = round(time.perf_counter() - started, 3)
        result = RecordedMap(config, epoch, settings, made, session)
        write_atomically(target / f"{result.name}.json", result.to_json())
        return result

    before = target / f"{untrained(config)}.json"
    there = read_map(before) if before.is_file() else None
    fresh = config.build(config.seed).to(chosen, trainer.network.dtype)
    first = there if there and there.settings == settings else record(fresh, 0)
    return [first, record(trainer.network, trainer.epoch)] if trainer.epoch else [first]
