"""Training by the paper's protocol.

Adam with learning rate 3e-4 on batches of 128, an evaluation and a checkpoint every 10 epochs,
for 190 epochs or until an evaluation finds no error on the training set. A checkpoint is also
made every five minutes, between two batches.

Source: Clark, Abbott and Chung (2021), Appendix I.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Num
from torch import Tensor

from gevb.data import Dataset, Split
from gevb.datasets import DATASETS
from gevb.errors import (
    InputError,
    check_choice,
    check_flag,
    check_kind,
    check_names,
    check_number,
    check_whole,
    shown,
)
from gevb.initializers import Initializer
from gevb.losses import cross_entropy
from gevb.networks import ARCHITECTURES, Network, build
from gevb.rules import RULES, Rule, alignment_angles, make_rule
from gevb.seeds import check_seed, stream
from gevb.state import check_tensors, checked_averages

#: Floating-point types by name.
DTYPES = {"float32": torch.float32, "float64": torch.float64}
#: Maximal epochs in the paper.
PAPER_EPOCHS = 190


@dataclass(frozen=True)
class Experiment:
    """A data set, a network and a rule: one of the paper's 48 experiments, or another.

    Attributes:
        dataset, arch: as for `gevb.build`; arch by its name.
        rule: "gevb", "bp", "fa" or "dfa".
        vectorized, nonnegative: as for `gevb.build`.

    Raises:
        InputError: an unknown name, a kind that is not True or False, or gevb in a conventional
            network.
    """

    dataset: str = "digits"
    arch: str = "fc"
    rule: str = "gevb"
    vectorized: bool = True
    nonnegative: bool = True

    def __post_init__(self) -> None:
        check_choice("dataset", self.dataset, DATASETS)
        check_choice("arch", self.arch, ARCHITECTURES[self.dataset])
        check_choice("rule", self.rule, RULES)
        for name in ("vectorized", "nonnegative"):
            object.__setattr__(self, name, check_flag(name, getattr(self, name)))
        RULES[self.rule].check(self.vectorized)

    @property
    def network(self) -> str:
        """Name of the network, such as "mnist-fc-vectorized-nonnegative"."""
        signs = "nonnegative" if self.nonnegative else "mixed"
        return f"{self.dataset}-{self.arch}-{self.units}-{signs}"

    @property
    def name(self) -> str:
        """Names of network and rule, such as "mnist-fc-vectorized-nonnegative-gevb"."""
        return f"{self.network}-{self.rule}"

    @property
    def units(self) -> str:
        """Kind of units: "vectorized" or "conventional"."""
        return "vectorized" if self.vectorized else "conventional"

    @property
    def label(self) -> str:
        """Rule's name in the paper's tables: with a plus for nonnegative weights, as in "GEVB+"."""
        return self.rule.upper() + "+" * self.nonnegative

    @property
    def title(self) -> str:
        """Rule and kind of units for figures, such as "GEVB+ vectorized"."""
        return f"{self.label} {self.units}"

    def build(self, seed: int = 0, initializer: Initializer | None = None) -> Network:
        """Build its network with `gevb.build`."""
        return build(
            self.dataset,
            self.arch,
            vectorized=self.vectorized,
            nonnegative=self.nonnegative,
            initializer=initializer,
            seed=seed,
        )

    def run(self, **how: Any) -> Config:
        """Make a run of it, by the paper's protocol except for the given fields of `Config`."""
        return Config(**{f.name: getattr(self, f.name) for f in fields(Experiment)}, **how)


@dataclass(frozen=True)
class Config(Experiment):
    """A run of an experiment: the settings that determine its result, up to rounding.

    Attributes:
        epochs: maximum; training stops at an evaluation without training error.
        seed: of weights, gating vectors, random feedback and the order of the examples.
        learning_rate, batch_size: of Adam; the last batch of an epoch may be smaller.
        evaluate_every: epochs from one evaluation and checkpoint to the next.
        dtype: "float32" or "float64".

    Raises:
        InputError: an unknown name or a number out of range.
    """

    epochs: int = PAPER_EPOCHS
    seed: int = 0
    learning_rate: float = 3e-4
    batch_size: int = 128
    evaluate_every: int = 10
    dtype: str = "float32"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("dtype", self.dtype, DTYPES)
        minima = {"epochs": 0, "batch_size": 1, "evaluate_every": 1}
        checked = {n: check_whole(n, getattr(self, n), minimum) for n, minimum in minima.items()}
        checked["seed"] = check_seed(self.seed)
        rate = check_number("learning_rate", self.learning_rate, above=True)
        for name, value in {**checked, "learning_rate": rate}.items():
            object.__setattr__(self, name, value)  # NumPy's numbers cannot be written to a file.

    @property
    def experiment(self) -> Experiment:
        """Experiment that this is a run of."""
        return Experiment(**{f.name: getattr(self, f.name) for f in fields(Experiment)})

    @property
    def name(self) -> str:
        """Name of the experiment, and the seed; also the epochs if they are not the paper's."""
        epochs = "" if self.epochs == PAPER_EPOCHS else f"-{self.epochs}epochs"
        return f"{super().name}{epochs}-seed{self.seed}"

    @property
    def evaluated(self) -> list[int]:
        """Epochs with an evaluation, unless the run stops before: 0, k, 2k, ..., the last."""
        return [*range(0, self.epochs, self.evaluate_every), self.epochs]

    @property
    def departures(self) -> str:
        """Departures from the paper's protocol, such as "epochs 5"; empty if there are none."""
        paper = self.experiment.run(seed=self.seed)
        changed = [f.name for f in fields(self) if getattr(self, f.name) != getattr(paper, f.name)]
        return ", ".join(f"{name} {getattr(self, name)}" for name in changed)


_MAXIMA = {"train_error": 100, "test_error": 100, "train_loss": math.inf, "test_loss": math.inf}


@dataclass(frozen=True)
class Evaluation:
    """Result of an evaluation after a number of epochs.

    Attributes:
        epoch: epochs done.
        train_error, test_error: in percent.
        train_loss, test_loss: mean cross-entropy.
        angles: degrees between the network's broadcast feedback (GEVB's in a vectorized network,
            DFA's in a conventional one) and back-propagation's, for every hidden layer; None if
            no example has feedback to compare with.

    Raises:
        InputError: an impossible number.
    """

    epoch: int
    train_error: float
    test_error: float
    train_loss: float
    test_loss: float
    angles: tuple[float | None, ...]

    def __post_init__(self) -> None:
        check_whole("epoch", self.epoch)
        for name, maximum in _MAXIMA.items():
            check_number(name, getattr(self, name), maximum=maximum)
        for angle in self.angles:
            if angle is not None:
                check_number("angle", angle, maximum=180.01)  # rounding may exceed 180

    @classmethod
    def of(cls, values: Any) -> Evaluation:
        """Make an evaluation from the values of a file, in the format of `asdict`.

        Raises:
            InputError: the values are no evaluation.
        """
        check_names("evaluation", values, [field.name for field in fields(cls)])
        if not isinstance(values["angles"], list | tuple):
            raise InputError(f"angles: got {shown(values['angles'])}, wanted a list")
        return cls(**{**values, "angles": tuple(values["angles"])})

    def __str__(self) -> str:
        """Format it for the command line."""
        return (
            f"test error {self.test_error:.2f} % (train error {self.train_error:.2f} %) "
            f"after {self.epoch} epochs"
        )


@torch.no_grad()
def evaluate(network: Network, split: Split, batch_size: int = 128) -> tuple[float, float]:
    """Compute the error in percent and the mean cross-entropy.

    Raises:
        InputError: no network or split, one that does not fit the other, or a wrong batch size.
    """
    check_kind("network", network, Network)
    check_kind("split", split, Split)
    parts = [network(x) for x, _ in split.batches(batch_size)]
    logits = torch.cat(parts).double()
    wrong = ((logits.argmax(1) != split.y) | logits.isnan().any(1)).sum()  # nan counts as wrong
    loss, _ = cross_entropy(logits, split.y)
    # Moved together, so that the processor waits for a GPU once.
    wrong_count, mean_loss = torch.stack([wrong, loss]).tolist()
    return 100 * wrong_count / len(split), mean_loss


@runtime_checkable
class Learner(Protocol):
    """A `gevb.Rule`, or another object that fills a network's `.grad`."""

    network: Network

    def backward(self, x: Float[Tensor, "B *input"], y: Num[Tensor, "..."]) -> Float[Tensor, ""]:
        """Add an update to `.grad` of every parameter; return the batch's mean loss."""


def step(
    rule: Learner,
    optimizer: torch.optim.Optimizer,
    x: Float[Tensor, "B *input"],
    y: Num[Tensor, "..."],
) -> Float[Tensor, ""]:
    """Take an optimizer step with the rule's update for a batch; return the mean loss before it.

    The processor never waits for a GPU.

    Args:
        rule: rule of the trained network; nonnegative weights are clamped after the step.
        optimizer: optimizer of the network's parameters.
        x: images, in any floating-point type.
        y: labels or targets.

    Raises:
        InputError: images or labels that do not fit the network.
    """
    optimizer.zero_grad()
    loss = rule.backward(x, y)
    optimizer.step()
    rule.network.clamp_()
    return loss


def train_epoch(
    rule: Learner,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[tuple[Tensor, Tensor]],
    after_batch: Callable[[], object] = lambda: None,
) -> float:
    """Take a `step` for every batch of `gevb.Split.batches`; return the mean of their losses.

    Raises:
        InputError: images or labels that do not fit the network, or no batches.
    """
    losses = []
    for x, y in batches:
        losses.append(step(rule, optimizer, x, y))
        after_batch()
    if not losses:
        raise InputError("batches: got none, wanted at least one")
    return torch.stack(losses).mean().item()


class Trainer:
    """Network, rule, optimizer and all other state that changes during training.

    Args:
        config: settings of the run.
        data: data set, on the device.
        device: device of network and data.
        rule: rule to train with, and its network; those of `config` if None.
    """

    def __init__(
        self, config: Config, data: Dataset, device: torch.device, rule: Rule | None = None
    ) -> None:
        if rule is None:
            network = config.build(config.seed).to(device, DTYPES[config.dtype])
            rule = make_rule(config.rule, network, seed=config.seed)
        self.config, self.data, self.device = config, data, device
        self.rule, self.network = rule, rule.network
        measured = "gevb" if self.network.vectorized else "dfa"
        self.measured = make_rule(measured, self.network, seed=config.seed)  # for the angles
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=config.learning_rate, fused=True
        )
        self.order = stream(config.seed, "order")  # at the start of the current epoch
        self.epoch = 0
        self.batch = 0  # of the current epoch
        self.history: list[Evaluation] = []

    @property
    def finished(self) -> bool:
        """True after an evaluation at the last epoch, or one without training error."""
        last = self.history[-1:]
        return any(e.epoch >= self.config.epochs or e.train_error == 0 for e in last)

    def reached(self, until: int | None) -> bool:
        """Check if it is finished, or was evaluated at or after `until` epochs."""
        there = until is not None and any(e.epoch >= until for e in self.history[-1:])
        return self.finished or there

    @property
    def batches(self) -> int:
        """Number of batches of an epoch."""
        return -(-len(self.data.train) // self.config.batch_size)

    def run(
        self, after_batch: Callable[[], object] = lambda: None, until: int | None = None
    ) -> Iterator[Evaluation]:
        """Train to the end, or until it is `reached`; yield every evaluation.

        Raises:
            InputError: the loss is not finite.
        """
        while not self.reached(until):
            if self.history:  # The first evaluation is before training.
                self.train_epoch(after_batch)
            if self.epoch in self.config.evaluated:
                yield self.evaluate()

    def train_epoch(self, after_batch: Callable[[], object] = lambda: None) -> None:
        """Pass over the training set in random order, or over the rest of it.

        Raises:
            InputError: the loss is not finite.
        """
        generator, size = torch.Generator(), self.config.batch_size
        generator.set_state(self.order.get_state())
        order = torch.randperm(len(self.data.train), generator=generator)[self.batch * size :]

        def counted() -> None:
            self.batch += 1
            after_batch()

        if len(order):  # Empty if the checkpoint was after the last batch.
            batches = self.data.train.batches(size, order.to(self.device))
            self.check_finite(train_epoch(self.rule, self.optimizer, batches, counted))
        self.epoch, self.batch, self.order = self.epoch + 1, 0, generator

    def evaluate(self) -> Evaluation:
        """Evaluate errors and losses on both sets and angles on one batch; add them to the history.

        Raises:
            InputError: a loss is not finite.
        """
        train_error, train_loss = evaluate(self.network, self.data.train)
        test_error, test_loss = evaluate(self.network, self.data.test)
        self.check_finite(train_loss + test_loss)
        errors = (train_error, test_error, train_loss, test_loss)
        self.history.append(Evaluation(self.epoch, *errors, angles=self._angles()))
        return self.history[-1]

    def _angles(self) -> tuple[float | None, ...]:
        """Compute the alignment of the network's broadcast rule on one batch of test images."""
        test, batch = self.data.test, slice(self.config.batch_size)
        x = test.x[batch].to(self.network.dtype)
        angles = alignment_angles(self.measured, x, test.y[batch]).tolist()
        return tuple(None if math.isnan(angle) else angle for angle in angles)

    def check_finite(self, loss: float) -> None:
        """Stop a run whose loss is not finite.

        Raises:
            InputError: the loss is not finite.
        """
        if not math.isfinite(loss):
            kept = f"epoch {self.history[-1].epoch}" if self.history else "none"
            raise InputError(
                f"loss: got {loss} in epoch {self.epoch + (self.batch > 0)}, wanted a finite "
                f"number; try a smaller learning rate (last good evaluation: {kept})"
            )

    def state(self) -> dict[str, Any]:
        """Collect everything that a later process needs to continue with identical results."""
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "order": self.order.get_state(),
            "history": [asdict(evaluation) for evaluation in self.history],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from `state`; a refused state changes nothing.

        Raises:
            InputError: a part is missing, of another type or shape, or not finite.
        """
        if missing := [name for name in self.state() if name not in state]:
            raise InputError(f"state: got no {', '.join(missing)}")
        epoch = check_whole("epoch", state["epoch"], maximum=self.config.epochs)
        batch = check_whole("batch", state["batch"], maximum=self.batches)
        check_tensors("network", state["network"], self.network.state_dict())
        averages = checked_averages(state["optimizer"], self.optimizer)
        order = {"order": self.order.get_state()}
        check_tensors("state", {"order": state["order"].cpu()}, order)
        history = [Evaluation.of(values) for values in state["history"]]
        options = self.optimizer.state_dict()["param_groups"]
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict({"state": averages, "param_groups": options})
        self.order.set_state(state["order"].cpu())
        self.epoch, self.batch, self.history = epoch, batch, history
