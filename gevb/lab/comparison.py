r"""Ours beside the paper's: one cell per experiment, and a verdict by a rule fixed beforehand.

The rule was written down before any run of the campaign, and sharpened on 2026-11-25, before
further records were read (data/README.md lists the records that were known by then):

* A cell compares the mean of our seeds at the end of their runs with a reference: the published
  mean of five seeds, or another set of our own. Two rules that train the same network start from
  the same weights and get the examples in the same order, so they are compared by seed, in pairs.
  Other sets of ours are compared by Welch's test. The published spread was unknown when the rule
  was written, and ours was used in its place. Since 2026-12-01 it is known from the paper's
  learning curves: the root mean square of the last five spreads drawn, pooled with ours
  (`Difference.pooled`).
* Seeds can agree by chance, because an error is a count of images. So every p-value is the larger
  of two: that of the t-test over seeds, and that of a normal test with the standard error from the
  number of test images alone (`Sample.sampling`).
* Two tests, each at level 0.05 after Holm's correction over all cells of the table: a two-sided
  test of no difference, and two one-sided tests of a difference beyond the margin.
* The margin is 0.3 points of error on MNIST, 1 on CIFAR-10 and on the digits.
* A cell is "consistent" if the difference is shown to be within the margin, else "differs" if it
  is shown not to be zero, else "undecidable". With fewer than two seeds it is "undecidable".
* Only runs by the paper's protocol are compared with the paper. A run with another protocol has its
  own row, without a verdict.
* A missing or failed run is counted in its row.

Runs under way are compared at equal epochs with the paper's learning curves, whose spread over
five runs is known (`at_equal_epochs`). This rule was written on 2026-12-01, before it was computed;
a few differences were known by then (data/README.md names them):

* At every epoch t that both have, the mean :math:`x_t` of our n seeds that have reached it is
  compared with the published mean :math:`m_t`. Their spread :math:`s_t` is the published one,
  pooled with ours if we have two seeds or more. For one seed this is a prediction interval for a
  sixth run of the paper's.
* The statistic is the median over these epochs of :math:`(x_t - m_t) / (s_t \sqrt{1/n + 1/5})`.
  Training with a constant learning rate has spikes: the error jumps at single evaluations and
  comes back. They change a median over epochs little, but a mean or the last epoch much. The
  p-value is that of one epoch, by Student's t, as if all epochs of a run were equal. So it is too
  large rather than too small.
* A cell "differs" if the p-value is below 0.05 after Holm's correction over the paper's 48
  networks. It is "consistent" if zero is inside the 95 % interval (not corrected) and that interval
  is narrow enough to be of use: within `TOLERANCE` margins, 1.5 points on MNIST and 5 on CIFAR-10.
  Else it is "undecidable". So "consistent" is a weaker statement here than at the end of training,
  where the difference must be shown to be within one margin.
* If runs have stopped early, each mean is over the remaining runs. The number of the paper's
  remaining runs is not known; they are counted as five.

The paper's statements about the order of rules are tested separately (`CLAIMS`), in the same way:
one-sided tests for "below", the margin's two tests for "near". Seeds 0 to 4 count (`SEEDS`), and
Holm's correction is over all of the claims on all data sets, wherever they are shown. The tests use
the last evaluation, as the paper's tables do, and also the mean over the last five (`late_error`),
which is less noisy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from gevb.datasets import DATASETS
from gevb.errors import check_choice
from gevb.lab.experiments import EXPERIMENTS
from gevb.lab.published import PUBLISHED_SEEDS, published_curves, published_errors
from gevb.lab.records import Record
from gevb.training import Config, Experiment

#: Level of every test, after Holm's correction.
LEVEL = 0.05
#: Seeds of ours that count; others are shown, but do not enter verdicts.
SEEDS = (0, 1, 2, 3, 4)
#: Evaluations at the end of a run that `late_error` averages.
LATE = 5
MEASURES = ("test", "train")
#: Margins that an interval at equal epochs may reach for the cell to be "consistent".
TOLERANCE = 5


@dataclass(frozen=True)
class Sample:
    """Values of single seeds of a set of runs, or their mean alone.

    Attributes:
        mean: of the errors, in percent.
        n: number of seeds.
        sd: standard deviation over seeds (n - 1 in the denominator); None if unknown.
        images: number of images behind each error.
    """

    mean: float
    n: int
    sd: float | None
    images: int

    @staticmethod
    def of(values: Sequence[float], images: int) -> Sample:
        """Compute mean and spread of some values, at least one."""
        n, mean = len(values), float(np.mean(values))
        return Sample(mean, n, float(np.std(values, ddof=1)) if n > 1 else None, images)

    @property
    def sampling(self) -> float:
        r"""Standard error of the mean, in points, from the number of images alone.

        :math:`100 \sqrt{p (1 - p) / (n N)}`, as if all n N answers were independent, with p by
        Laplace's rule, so that an error of zero has an uncertainty too.
        """
        answers = self.n * self.images
        p = (self.mean / 100 * answers + 1) / (answers + 2)
        return 100 * math.sqrt(p * (1 - p) / answers)


@dataclass(frozen=True)
class Difference:
    """Ours minus a reference, in points.

    Attributes:
        estimate: of the difference.
        error: its standard error by the spread over seeds.
        freedom: degrees of freedom of that error.
        sampling: its standard error by the number of images alone.
    """

    estimate: float
    error: float
    freedom: float
    sampling: float

    @staticmethod
    def between(ours: Sample, other: Sample) -> Difference | None:
        r"""Compare two samples; None if the spread is known of neither, or of the reference alone.

        With both spreads, by Welch: standard error :math:`\sqrt{a + b}` from :math:`a = s_1^2/n_1`
        and :math:`b = s_2^2/n_2`, and :math:`(a + b)^2 / (\frac{a^2}{n_1-1} + \frac{b^2}{n_2-1})`
        degrees of freedom.
        """
        if ours.sd is None or other.sd is None:
            return None
        sampling = math.hypot(ours.sampling, other.sampling)
        a, b = ours.sd**2 / ours.n, other.sd**2 / other.n
        spread = a**2 / (ours.n - 1) + b**2 / (other.n - 1)
        freedom = (a + b) ** 2 / spread if spread else float(ours.n + other.n - 2)
        return Difference(ours.mean - other.mean, math.sqrt(a + b), freedom, sampling)

    @staticmethod
    def pooled(ours: Sample, other: Sample) -> Difference | None:
        r"""Compare with one spread for both sides, estimated from all known ones; None without any.

        :math:`s^2 = \sum_k (n_k - 1) s_k^2 / \sum_k (n_k - 1)`, standard error
        :math:`s \sqrt{1/n_1 + 1/n_2}`. A single value has no spread of its own; its interval is the
        prediction interval of one more value.
        """
        known = [(side.n - 1, side.sd) for side in (ours, other) if side.sd is not None]
        freedom = float(sum(n for n, _ in known))
        if not freedom:
            return None
        sd = math.sqrt(sum(n * sd**2 for n, sd in known) / freedom)
        error = sd * math.sqrt(1 / ours.n + 1 / other.n)
        sampling = math.hypot(ours.sampling, other.sampling)
        return Difference(ours.mean - other.mean, error, freedom, sampling)

    @staticmethod
    def paired(
        left: Mapping[int, float], right: Mapping[int, float], images: int
    ) -> Difference | None:
        """Compare left and right by seed, over the common seeds; None with fewer than two."""
        seeds = sorted(left.keys() & right.keys())
        if len(seeds) < 2:
            return None
        by_seed = Sample.of([left[seed] - right[seed] for seed in seeds], images)
        assert by_seed.sd is not None
        sides = (Sample.of([side[seed] for seed in seeds], images) for side in (left, right))
        return Difference(
            by_seed.mean,
            by_seed.sd / math.sqrt(by_seed.n),
            float(by_seed.n - 1),
            math.hypot(*(side.sampling for side in sides)),
        )

    def p_below(self, bound: float) -> float:
        """Compute the one-sided p-value of the difference being at or above a bound."""
        from scipy.stats import norm, t

        beyond = self.estimate - bound
        by_images = float(norm.cdf(beyond / self.sampling))
        if self.error == 0:  # All seeds agree, so only the chance in the images remains.
            return max(by_images, float(beyond >= 0))
        return max(by_images, float(t.cdf(beyond / self.error, self.freedom)))

    def p_above(self, bound: float) -> float:
        """Compute the one-sided p-value of the difference being at or below a bound."""
        return replace(self, estimate=-self.estimate).p_below(-bound)

    def p_zero(self) -> float:
        """Compute the two-sided p-value of no difference."""
        return min(1.0, 2 * min(self.p_below(0.0), self.p_above(0.0)))

    def p_near(self, margin: float) -> float:
        """Compute the p-value of a difference beyond the margin, by two one-sided tests."""
        return max(self.p_below(margin), self.p_above(-margin))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the difference by the wider test, without Holm's correction."""
        from scipy.stats import norm, t

        half = max(
            self.error * float(t.ppf(1 - LEVEL / 2, self.freedom)),
            self.sampling * float(norm.ppf(1 - LEVEL / 2)),
        )
        return self.estimate - half, self.estimate + half


def holm(p: Sequence[float]) -> list[float]:
    """Correct p-values for their number, in the order given (Holm 1979).

    The k-th smallest of m values is multiplied by m + 1 - k. No value becomes smaller than the one
    before it, or larger than 1.
    """
    values = np.array(p, dtype=float)
    order = values.argsort()
    multiplied = values[order] * np.arange(len(values), 0, -1)
    values[order] = np.maximum.accumulate(multiplied).clip(max=1)
    return values.tolist()


@dataclass(frozen=True)
class Cell:
    """One row of the table.

    Attributes:
        setting: the configuration of the runs, with seed 0 for all seeds.
        measure: "test" or "train".
        errors: final error in percent of every finished seed.
        missing: requested seeds without a record.
        failed: requested seeds that failed and have not finished since.
        under_way: epoch and error of seeds with unfinished runs; they do not enter the verdict.
        reference: the sample to compare with, if any.
        difference: ours minus the reference.
        verdict: "consistent", "differs" or "undecidable"; empty without a reference.
    """

    setting: Config
    measure: str
    errors: dict[int, float]
    missing: list[int]
    failed: list[int]
    under_way: dict[int, tuple[int, float]]
    reference: Sample | None
    difference: Difference | None
    verdict: str = ""

    @property
    def ours(self) -> Sample | None:
        """Mean and spread over seeds, None without any."""
        return _sample(self.setting, self.errors, self.measure)


def final_error(record: Record, measure: str = "test") -> float:
    """Return the final error of a run in percent; measure is "test" or "train"."""
    return float(getattr(record.history[-1], f"{measure}_error"))


def late_error(record: Record, measure: str = "test") -> float:
    """Average the error over a run's last evaluations, `LATE` of them, in percent.

    If a run stopped without training error, its last value is used for the evaluations that it
    does not have.
    """
    errors = [getattr(e, f"{measure}_error") for e in record.history if e.epoch > 0]
    missed = sum(epoch > record.epoch for epoch in record.config.evaluated)
    return float(np.mean((errors + [errors[-1]] * missed)[-LATE:]))


def at_the_end(
    records: Iterable[Record],
    chosen: Sequence[Experiment],
    seeds: Sequence[int],
    measure: str = "test",
    against: Sequence[int] | None = None,
) -> list[Cell]:
    """Make one cell for each experiment, and one for each other protocol of its runs.

    Args:
        records: of runs, with any status.
        chosen: experiments, from `gevb.lab.experiments.experiments`.
        seeds: requested seeds.
        measure: "test" or "train".
        against: seeds of ours to compare with; the published values if None.

    Raises:
        InputError: unknown measure.
    """
    check_choice("measure", measure, MEASURES)
    # By setting, seed and status, because a failed run can be under way again.
    settings: dict[Config, dict[int, dict[str, Record]]] = {e.run(): {} for e in chosen}
    for record in records:
        setting = replace(record.config, seed=0)
        if setting.experiment in chosen:
            there = settings.setdefault(setting, {}).setdefault(record.config.seed, {})
            there[record.status] = record
    order = {experiment: place for place, experiment in enumerate(chosen)}
    rows = sorted(settings, key=lambda s: (order[s.experiment], bool(s.departures), s.epochs))
    cells = [_cell(setting, settings[setting], seeds, measure, against) for setting in rows]
    return _judged(cells)


def _errors(
    there: Mapping[int, Mapping[str, Record]], seeds: Sequence[int], measure: str
) -> dict[int, float]:
    """Collect the final errors of the finished seeds."""
    return {
        seed: final_error(there[seed]["finished"], measure)
        for seed in seeds
        if "finished" in there.get(seed, {})
    }


def _images(experiment: Experiment, measure: str) -> int:
    """Return the number of images behind an error."""
    return int(getattr(DATASETS[experiment.dataset], measure))


def _sample(experiment: Experiment, errors: Mapping[int, float], measure: str) -> Sample | None:
    if not errors:
        return None
    return Sample.of(list(errors.values()), _images(experiment, measure))


def _cell(
    setting: Config,
    there: Mapping[int, Mapping[str, Record]],
    seeds: Sequence[int],
    measure: str,
    against: Sequence[int] | None,
) -> Cell:
    ours = _errors(there, seeds, measure)
    reference = None
    if against is not None:
        reference = _sample(setting, _errors(there, against, measure), measure)
    elif not setting.departures and setting.experiment.name in published_errors():
        reference = _published_end(setting, measure)
    sample, difference = _sample(setting, ours, measure), None
    if sample is not None and reference is not None:
        compared = Difference.between if against is not None else Difference.pooled
        difference = compared(sample, reference)
    unfinished = {seed: there[seed] for seed in seeds if seed in there and seed not in ours}
    return Cell(
        setting,
        measure,
        ours,
        missing=[seed for seed in seeds if seed not in there],
        failed=[seed for seed, found in unfinished.items() if "failed" in found],
        under_way={
            seed: (found["running"].epoch, final_error(found["running"], measure))
            for seed, found in unfinished.items()
            if "running" in found
        },
        reference=reference,
        difference=difference,
    )


def _published_end(setting: Config, measure: str) -> Sample:
    """Return the printed mean, with the root mean square of the curve's last spreads."""
    name = setting.experiment.name
    mean = published_errors()[name][MEASURES.index(measure)]
    last = list(published_curves(measure)[name].values())[-LATE:]
    sd = math.sqrt(np.mean([reading.sd**2 for reading in last]))
    return Sample(mean, PUBLISHED_SEEDS, sd, _images(setting, measure))


def _judged(cells: list[Cell]) -> list[Cell]:
    """Add verdicts to the cells; Holm's correction is over the cells that can have one."""
    tested = [(cell, cell.difference) for cell in cells if cell.difference is not None]
    near = holm([d.p_near(DATASETS[cell.setting.dataset].margin) for cell, d in tested])
    zero = holm([d.p_zero() for _, d in tested])
    verdicts = {
        cell.setting: "consistent" if a < LEVEL else "differs" if b < LEVEL else "undecidable"
        for (cell, _), a, b in zip(tested, near, zero, strict=True)
    }
    undecided = {cell.setting: "undecidable" for cell in cells if cell.ours and cell.reference}
    return [replace(cell, verdict=(undecided | verdicts).get(cell.setting, "")) for cell in cells]


@dataclass(frozen=True)
class Beside:
    """Our runs of an experiment beside the paper's learning curve.

    Attributes:
        experiment: the experiment.
        seeds: seeds of ours that have an epoch in common with the paper's.
        ours, theirs: errors by epoch, at the common epochs.
        verdict: "consistent", "differs" or "undecidable"; empty without a common epoch.
    """

    experiment: Experiment
    seeds: tuple[int, ...]
    ours: dict[int, Sample]
    theirs: dict[int, Sample]
    verdict: str = ""

    @property
    def differences(self) -> dict[int, Difference]:
        """Ours minus the paper's by epoch."""
        apart = {epoch: Difference.pooled(x, self.theirs[epoch]) for epoch, x in self.ours.items()}
        return {epoch: d for epoch, d in apart.items() if d}  # None without a known spread

    @property
    def standardised(self) -> float:
        """Median over the epochs of the difference divided by its standard error."""
        return float(np.median([d.estimate / d.error for d in self.differences.values()]))

    @property
    def p(self) -> float:
        """Two-sided p-value of no difference, by the median; not corrected."""
        from scipy.stats import t

        freedom = min(d.freedom for d in self.differences.values())
        return float(2 * t.sf(abs(self.standardised), freedom))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval in points: of the median difference, by the median standard error."""
        apart = self.differences.values()
        error = float(np.median([d.error for d in apart]))
        half = _quantile(min(d.freedom for d in apart))
        return (self.standardised - half) * error, (self.standardised + half) * error


def counted(records: Iterable[Record]) -> dict[Experiment, list[Record]]:
    """Group the runs that count: by the paper's protocol, seeds in `SEEDS`, and not failed."""
    found: dict[Experiment, list[Record]] = {}
    for r in records:
        if r.status != "failed" and not r.config.departures and r.config.seed in SEEDS:
            found.setdefault(r.config.experiment, []).append(r)
    return found


def at_equal_epochs(
    records: Iterable[Record], chosen: Sequence[Experiment], measure: str = "test"
) -> list[Beside]:
    """Compare our runs of each experiment with the paper's learning curve, in the paper's order.

    Runs by the paper's protocol count, of the seeds in `SEEDS`, finished or under way. Holm's
    correction is over all 48, so that a verdict does not depend on what is shown.

    Args:
        records: of runs, with any status.
        chosen: experiments to show; those that the paper does not have are left out.
        measure: "test" or "train".

    Raises:
        InputError: unknown measure.
    """
    check_choice("measure", measure, MEASURES)
    curves = published_curves(measure)
    runs = counted(records)

    def beside(experiment: Experiment) -> Beside:
        curve, images = curves[experiment.name], _images(experiment, measure)
        ours: dict[int, dict[int, float]] = {}  # by epoch and seed
        for r in runs.get(experiment, []):
            for e in r.history:
                if e.epoch in curve:
                    errors = ours.setdefault(e.epoch, {})
                    errors[r.config.seed] = float(getattr(e, f"{measure}_error"))
        return Beside(
            experiment,
            tuple(sorted({seed for errors in ours.values() for seed in errors})),
            {t: Sample.of(list(ours[t].values()), images) for t in sorted(ours)},
            {t: Sample(curve[t].mean, PUBLISHED_SEEDS, curve[t].sd, images) for t in sorted(ours)},
        )

    cells = [beside(experiment) for experiment in EXPERIMENTS if experiment.name in curves]
    return [cell for cell in with_verdicts(cells) if cell.experiment in chosen]


@cache
def _quantile(freedom: float) -> float:
    """Compute the quantile of Student's t for an interval at the level."""
    from scipy.stats import t

    return float(t.ppf(1 - LEVEL / 2, freedom))


def with_verdicts(cells: Sequence[Beside]) -> list[Beside]:
    """Add verdicts to the cells; Holm's correction is over the cells with a common epoch."""
    tested = [cell for cell in cells if cell.ours]
    verdicts = {}
    for cell, p in zip(tested, holm([cell.p for cell in tested]), strict=True):
        widest = max(map(abs, cell.interval))
        near = widest <= TOLERANCE * DATASETS[cell.experiment.dataset].margin
        inside = cell.p >= LEVEL
        verdicts[cell.experiment] = (
            "differs" if p < LEVEL else "consistent" if inside and near else "undecidable"
        )
    return [replace(cell, verdict=verdicts.get(cell.experiment, "")) for cell in cells]


@dataclass(frozen=True)
class Claim:
    """A statement of the paper about the order of two rules.

    Attributes:
        statement: the claim in words.
        left, right: fields of `Experiment`; both apply to every named architecture.
        relation: "below" (less test error) or "near" (within the margin).
        architectures: architectures of the statement.
        source: its place in the paper: the abstract, or the numbers in the tables.
    """

    statement: str
    left: dict[str, Any]
    relation: str
    right: dict[str, Any]
    architectures: tuple[str, ...]
    source: str


def _network(rule: str, vectorized: bool, nonnegative: bool) -> dict[str, Any]:
    return {"rule": rule, "vectorized": vectorized, "nonnegative": nonnegative}


#: The paper's statements about the order of rules.
CLAIMS = (
    Claim(
        "GEVB matches back-propagation in VNNs",
        _network("gevb", True, True),
        "near",
        _network("bp", True, True),
        ("fc", "conv", "lc"),
        "abstract",
    ),
    Claim(
        "GEVB in VNNs is ahead of DFA in conventional nonnegative networks",
        _network("gevb", True, True),
        "below",
        _network("dfa", False, True),
        ("fc", "conv", "lc"),
        "abstract for convolutions: GEVB, unlike DFA, trains them; tables for the others",
    ),
    Claim(
        "GEVB in vectorized mixed-sign networks is ahead of DFA in conventional ones",
        _network("gevb", True, False),
        "below",
        _network("dfa", False, False),
        ("fc", "conv", "lc"),
        "tables (convolutions on CIFAR-10)",
    ),
    Claim(
        "With mixed signs, back-propagation is ahead of GEVB",
        _network("bp", True, False),
        "below",
        _network("gevb", True, False),
        ("fc", "conv", "lc"),
        "tables",
    ),
    Claim(
        "Back-propagation is ahead of DFA in conventional mixed-sign networks",
        _network("bp", False, False),
        "below",
        _network("dfa", False, False),
        ("fc", "conv", "lc"),
        "tables",
    ),
)


@dataclass(frozen=True)
class Finding:
    """A claim, compared with the published values and with ours.

    Attributes:
        claim: the statement.
        left, right: the experiments compared.
        published: True if the published means agree with it; None without any.
        difference: ours, left minus right; None with fewer than two seeds on a side.
        verdict: "supported", "contradicted" or "undecidable"; if a side has no finished run, "under
            way at epoch 20", for example, or "no runs".
    """

    claim: Claim
    left: Experiment
    right: Experiment
    published: bool | None
    difference: Difference | None
    verdict: str


def findings(
    records: Iterable[Record],
    datasets: Sequence[str] = tuple(DATASETS),
    error: Callable[[Record], float] = final_error,
) -> list[Finding]:
    """Test `CLAIMS` for each of their architectures, by test error of the seeds that count.

    Holm's correction is over the claims on all data sets, once for being supported and once for
    contradicted, so that a verdict does not depend on what is shown.

    Args:
        records: of runs, with any status.
        datasets: data sets to show.
        error: function of a run, in percent: `final_error` or `late_error`.
    """
    runs = counted(records)
    reached = {experiment: max(r.epoch for r in there) for experiment, there in runs.items()}
    finished = {e: [r for r in there if r.status == "finished"] for e, there in runs.items()}
    errors = {e: {r.config.seed: error(r) for r in there} for e, there in finished.items() if there}
    found = []
    for claim, dataset in product(CLAIMS, DATASETS):
        for arch in claim.architectures:
            left = Experiment(dataset=dataset, arch=arch, **claim.left)
            right = Experiment(dataset=dataset, arch=arch, **claim.right)
            difference = _apart(left, right, errors)
            verdict = "no runs"
            if left in errors and right in errors:
                verdict = "undecidable"
            elif left in reached and right in reached:
                verdict = f"under way at epoch {min(reached[left], reached[right])}"
            published = _published_agrees(claim, left, right)
            found.append(Finding(claim, left, right, published, difference, verdict))
    tested = [(place, f, f.difference) for place, f in enumerate(found) if f.difference]
    supported = holm([_p_claim(f, d)[0] for _, f, d in tested])
    contradicted = holm([_p_claim(f, d)[1] for _, f, d in tested])
    for (place, f, _), p_for, p_against in zip(tested, supported, contradicted, strict=True):
        if min(p_for, p_against) < LEVEL:
            verdict = "supported" if p_for < LEVEL else "contradicted"
            found[place] = replace(f, verdict=verdict)
    return [f for f in found if f.left.dataset in datasets]


def _apart(
    left: Experiment, right: Experiment, errors: Mapping[Experiment, Mapping[int, float]]
) -> Difference | None:
    """Compare left and right: by pairs in the same network, else by Welch; None if too few runs."""
    ours, others = errors.get(left, {}), errors.get(right, {})
    if left.network == right.network:
        return Difference.paired(ours, others, _images(left, "test"))
    samples = _sample(left, ours, "test"), _sample(right, others, "test")
    if samples[0] is None or samples[1] is None or samples[1].sd is None:
        return None
    return Difference.between(samples[0], samples[1])


def _p_claim(finding: Finding, d: Difference) -> tuple[float, float]:
    """Compute two p-values: small if the difference supports the claim, or contradicts it."""
    if finding.claim.relation == "below":
        return d.p_below(0.0), d.p_above(0.0)
    margin = DATASETS[finding.left.dataset].margin
    return d.p_near(margin), min(1.0, 2 * min(d.p_above(margin), d.p_below(-margin)))


def _published_agrees(claim: Claim, left: Experiment, right: Experiment) -> bool | None:
    """Check if the published means agree with a claim; None without any."""
    if not {left.name, right.name} <= published_errors().keys():
        return None
    d = published_errors()[left.name][0] - published_errors()[right.name][0]
    return d < 0 if claim.relation == "below" else abs(d) < DATASETS[left.dataset].margin
