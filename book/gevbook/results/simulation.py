r"""Simulated error rates of the comparison at equal epochs.

Both sides are drawn from the published curves: five runs of theirs, and as many of ours as are
recorded, at their epochs. A run differs from the mean :math:`m_t` by :math:`s_t` times a standard
normal number, half of whose variance is constant during the run. Spikes are common to all networks
of a seed, because a seed means the same order of examples everywhere: at one evaluation in twenty,
a run has an additional error of :math:`s_t` times an exponential number of mean 4. The reading
error of the figures is part of :math:`s_t`.

`python -m gevbook.results.simulation` writes data/comparison/simulation.json.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click
import numpy as np
import torch
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from gevb.datasets import DATASETS
from gevb.lab.comparison import Beside, Sample, at_equal_epochs, with_verdicts
from gevb.lab.experiments import experiments, read_results
from gevb.lab.provenance import provenance
from gevb.lab.published import PUBLISHED_SEEDS
from gevb.lab.records import read_values, results_folder, to_json
from gevb.lab.runs import write_atomically

FORMAT = "gevb simulation"
ROUNDS = 400
#: Probability of a spike at an evaluation, and its mean in standard deviations.
CHANCE, SIZE = 0.05, 4.0
#: Error of our means in margins, and presence of spikes.
SCENARIOS = {
    "no difference": (0.0, False),
    "no difference, spikes": (0.0, True),
    "off by one margin": (1.0, True),
    "off by three margins": (3.0, True),
    "off by ten margins": (10.0, True),
}


def simulated(cells: Sequence[Beside], margins: float, spikes: bool, seed: int) -> list[Beside]:
    """Replace the values of cells by drawn ones.

    Args:
        cells: from `gevb.lab.comparison.at_equal_epochs`, those with runs.
        margins: error of our means, in margins of the data set.
        spikes: True to add spikes.
        seed: of the draw.
    """
    generator = default_rng(seed)
    epochs = sorted({epoch for cell in cells for epoch in cell.ours})
    most = max(PUBLISHED_SEEDS, *(sample.n for cell in cells for sample in cell.ours.values()))
    size = 2, most, len(epochs)  # theirs and ours, runs, epochs
    shared = spikes * (generator.random(size) < CHANCE) * generator.exponential(SIZE, size)
    return with_verdicts([_drawn(cell, epochs, shared, margins, generator) for cell in cells])


def _drawn(
    cell: Beside,
    epochs: Sequence[int],
    spikes: NDArray[np.float64],
    margins: float,
    generator: Generator,
) -> Beside:
    lasting = generator.standard_normal((*spikes.shape[:2], 1))
    off = spikes + (lasting + generator.standard_normal(spikes.shape)) / np.sqrt(2)
    shift = margins * DATASETS[cell.experiment.dataset].margin
    theirs, ours = {}, {}
    for epoch, published in cell.theirs.items():
        spread = published.sd or 0.0
        values = published.mean + spread * off[:, :, epochs.index(epoch)]
        values[1] += shift
        values = values.clip(0, 100)  # An error is a percentage.
        theirs[epoch] = Sample.of(list(values[0, :PUBLISHED_SEEDS]), published.images)
        ours[epoch] = Sample.of(list(values[1, : cell.ours[epoch].n]), published.images)
    return Beside(cell.experiment, cell.seeds, ours, theirs)


def measure(rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Measure, by scenario, how often any cell differs, and the share of each verdict."""
    recorded = at_equal_epochs(read_results(), experiments(["mnist", "cifar10"]))
    cells, found = [cell for cell in recorded if cell.ours], {}
    for scenario, (margins, spikes) in SCENARIOS.items():
        drawn = [simulated(cells, margins, spikes, seed) for seed in range(rounds)]
        verdicts = Counter(cell.verdict for round_ in drawn for cell in round_)
        shares = {
            v: verdicts[v] / verdicts.total() for v in ("consistent", "undecidable", "differs")
        }
        alarms = sum(any(cell.verdict == "differs" for cell in round_) for round_ in drawn)
        found[scenario] = {"any differs": alarms / rounds, **shares}
    return found


def read_rates() -> dict[str, Any]:
    """Read the measurements.

    Raises:
        InputError: its file is missing or damaged.
    """
    return read_values(results_folder().parent / "comparison" / "simulation.json", FORMAT)


@click.command()
def main() -> None:
    """Simulate and record."""
    started = time.perf_counter()
    facts = provenance("gevbook.results.simulation", torch.device("cpu"), 0)
    scenarios = measure()
    session = {**facts, "seconds": round(time.perf_counter() - started, 3)}
    values = {"rounds": ROUNDS, "scenarios": scenarios, "session": session}
    folder = results_folder().parent / "comparison"
    folder.mkdir(exist_ok=True)
    write_atomically(folder / "simulation.json", to_json(FORMAT, values))
    for name, shares in scenarios.items():
        click.echo(f"{name}: {', '.join(f'{k} {v:.3f}' for k, v in shares.items())}")


if __name__ == "__main__":
    main()
