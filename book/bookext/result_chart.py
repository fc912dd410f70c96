"""The result in one chart: test errors of GEVB, back-propagation and DFA, from recorded data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from gevb.datasets import DATASETS as FACTS
from gevb.lab.comparison import SEEDS, Sample, table
from gevb.lab.experiments import read_results
from gevb.lab.published import PUBLISHED_SEEDS, published_errors
from gevb.training import Experiment
from gevbook.plots import COLOURS

ARCHITECTURES = {"fc": "fully connected", "conv": "convolutional", "lc": "locally connected"}
DATASETS = {
    "digits": ("Digits", "our runs: five seeds, mean ± s.d."),
    "mnist": ("MNIST", "the paper's means of five seeds; a bar: our mean, where there is one"),
    "cifar10": ("CIFAR-10", "the paper's means of five seeds; a bar: our mean, where there is one"),
}


@dataclass(frozen=True)
class Series:
    """A kind of network and a rule; how it is named and marked."""

    name: str
    rule: str
    vectorized: bool
    nonnegative: bool
    mark: str  # a path about (0, 0)
    filled: bool = True

    def experiment(self, dataset: str, arch: str) -> Experiment:
        """The experiment of this series."""
        return Experiment(dataset, arch, self.rule, self.vectorized, self.nonnegative)

    def drawn(self) -> str:
        """Its mark, in the rule's colour."""
        colour = COLOURS[self.rule]
        fill = colour if self.filled else "none"
        return f'<path d="{self.mark}" fill="{fill}" stroke="{colour}" stroke-width="1.8"/>'


CIRCLE = "M-4.2 0a4.2 4.2 0 1 1 8.4 0a4.2 4.2 0 1 1-8.4 0Z"
SERIES = (
    Series("GEVB in a VNN", "gevb", True, True, "M0-6L6 0L0 6L-6 0Z"),
    Series("back-propagation in a VNN", "bp", True, True, CIRCLE),
    Series("DFA, scalar units, nonnegative weights", "dfa", False, True, "M-4.2-4.2h8.4v8.4h-8.4Z"),
    Series("back-propagation in an ordinary network", "bp", False, False, CIRCLE, filled=False),
)

# A panel, in its own units.
WIDTH, LEFT, RIGHT = 270, 6, 262
ROW, TOP, DODGE = 66, 8, 11


Samples = dict[tuple[str, Series], Sample]


def _chosen(dataset: str) -> dict[tuple[str, Series], Experiment]:
    return {(a, s): s.experiment(dataset, a) for a in ARCHITECTURES for s in SERIES}


def ours(dataset: str, at_least: int = 1) -> Samples:
    """Our test error of every architecture and series of which so many seeds have finished."""
    chosen = _chosen(dataset)
    cells = {cell.setting: cell for cell in table(read_results(), list(chosen.values()), SEEDS)}
    found = {key: cells[experiment.run()].ours for key, experiment in chosen.items()}
    return {key: sample for key, sample in found.items() if sample and sample.n >= at_least}


def samples(dataset: str) -> Samples:
    """What the marks show: all five seeds of ours on the digits, else the published means."""
    if dataset == "digits":
        return ours(dataset, len(SEEDS))
    printed = published_errors()
    return {
        key: Sample(printed[experiment.name][0], PUBLISHED_SEEDS, None, FACTS[dataset].test)
        for key, experiment in _chosen(dataset).items()
    }


def _step(top: float) -> float:
    """Between marks of the axis: the smallest of 0.5, 1, 2, 5, ... with at most five."""
    return next(s for s in (0.5, 1, 2, 5, 10, 20) if top / s <= 5)


def panel(dataset: str) -> str:
    """One data set: a row for each architecture, a mark for each series."""
    found = samples(dataset)
    beside = {} if dataset == "digits" else ours(dataset)
    drawn = (*found.values(), *beside.values())
    highest = max(sample.mean + (sample.sd or 0) for sample in drawn)
    step = _step(highest)
    scale = (RIGHT - LEFT) / (math.ceil(highest / step) * step)
    bottom = TOP + ROW * len(ARCHITECTURES)
    parts = []
    for n in range(math.ceil(highest / step) + 1):
        x = LEFT + n * step * scale
        anchor = "start" if n == 0 else "end" if x > RIGHT - 8 else "middle"
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{bottom}"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="{anchor}">{n * step:g}'
            f"{' %' * (anchor == 'end')}</text>"
        )
    words = []
    for row, (arch, name) in enumerate(ARCHITECTURES.items()):
        y = TOP + row * ROW
        parts.append(f'<text class="row" x="{LEFT + 3}" y="{y + 14}">{name}</text>')
        for n, series in enumerate(SERIES):
            if (sample := found.get((arch, series))) is None:
                continue
            x, level = LEFT + sample.mean * scale, y + 24 + n * DODGE
            said = f"{name}, {series.name}: {sample.mean:.2f}"
            spread = ""
            if sample.sd is not None:
                said += f" ± {sample.sd:.2f}"
                half = sample.sd * scale
                spread = (
                    f'<path d="M{-half:.1f} 0H{half:.1f}" stroke="{COLOURS[series.rule]}" '
                    'stroke-width="1.5"/>'
                )
            said += " %"
            if (own := beside.get((arch, series))) is not None:
                said += f"; ours {own.mean:.2f} % ({own.n} seed{'s' * (own.n > 1)})"
                at = LEFT + own.mean * scale
                parts.append(
                    f'<path class="ours" d="M{at:.1f} {level - 6}v12" data-ours="{own.mean!r}" '
                    f'stroke="{COLOURS[series.rule]}"/>'
                )
            words.append(said)
            experiment = series.experiment(dataset, arch).name
            parts.append(
                f'<g class="mark" data-experiment="{experiment}" data-error="{sample.mean!r}" '
                f'transform="translate({x:.1f} {level})"><title>{said}</title>'
                f"{spread}{series.drawn()}</g>"
            )
    title, source = DATASETS[dataset]
    name = f"result-{dataset}"
    return (
        f'<div><p><b>{title}</b> <span>{escape(source)}</span></p><svg viewBox="0 0 {WIDTH} '
        f'{bottom + 22}" role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">Test errors on {title}</title>'
        f'<desc id="{name}-desc">{"; ".join(words)}.</desc>{"".join(parts)}</svg></div>'
    )


def result_chart(chapter: str) -> str:
    """The chart as HTML: a legend, a panel for each data set, and the chapter's address."""
    legend = "".join(
        f'<li><svg viewBox="-8 -8 16 16" aria-hidden="true">{s.drawn()}</svg>{s.name}</li>'
        for s in SERIES
    )
    panels = "".join(map(panel, DATASETS))
    return (
        f'<figure class="result-chart"><ul>{legend}</ul><div class="panels">{panels}</div>'
        "<figcaption>Test errors in percent, less is better; each data set has its own scale."
        f' <a href="{chapter}">All 48 networks of the paper, and ours, in the chapter '
        "Results</a></figcaption></figure>"
    )
