"""Training by the paper's protocol.

Adam with learning rate 3e-4 on batches of 128, an evaluation and a checkpoint every 10 epochs,
for 190 epochs or until an evaluation finds no error on the training set.

Source: Clark, Abbott and Chung (2021), Appendix I.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from gevb.data import Dataset, Split
from gevb.datasets import DATASETS
from gevb.errors import InputError, check_choice
from gevb.losses import cross_entropy
from gevb.networks import ARCHITECTURES, Network, build
from gevb.rules import RULES, alignment_angles, make_rule
from gevb.seeds import stream

#: Floating-point types by name.
DTYPES = {"float32": torch.float32, "float64": torch.float64}
#: The paper trains for at most so many.
PAPER_EPOCHS = 190


@dataclass(frozen=True)
class Config:
    """What decides a run's result, up to rounding.

    Attributes:
        dataset, arch: as for `gevb.build`.
        rule: "gevb", "bp", "fa" or "dfa".
        vectorized, nonnegative: as for `gevb.build`.
        epochs: at most; training stops at an evaluation without training error.
        seed: of weights, gating vectors, random feedback and the order of the examples.
        learning_rate, batch_size: of Adam; the last batch of an epoch may be smaller.
        evaluate_every: epochs from one evaluation and checkpoint to the next.
        dtype: "float32" or "float64".

    Raises:
        InputError: an unknown name or a number out of range.
    """

    dataset: str = "digits"
    arch: str = "fc"
    rule: str = "gevb"
    vectorized: bool = True
    nonnegative: bool = True
    epochs: int = PAPER_EPOCHS
    seed: int = 0
    learning_rate: float = 3e-4
    batch_size: int = 128
    evaluate_every: int = 10
    dtype: str = "float32"

    def __post_init__(self) -> None:
        check_choice("dataset", self.dataset, DATASETS)
        check_choice("arch", self.arch, ARCHITECTURES[self.dataset])
        check_choice("rule", self.rule, RULES)
        check_choice("dtype", self.dtype, DTYPES)
        if self.rule == "gevb" and not self.vectorized:
            raise InputError("rule gevb: got a conventional network, wanted a vectorized one")
        minima = {"epochs": 0, "seed": 0, "batch_size": 1, "evaluate_every": 1}
        for name, minimum in minima.items():
            value: object = getattr(self, name)
            if not isinstance(value, int) or value < minimum:
                raise InputError(f"{name}: got {value!r}, wanted a whole number >= {minimum}")
        if not 0 < self.learning_rate < math.inf:
            raise InputError(f"learning_rate: got {self.learning_rate}, wanted a number above 0")

    @property
    def experiment(self) -> str:
        """Which experiment this is a run of, such as "mnist-fc-vectorized-nonnegative-gevb"."""
        units = "vectorized" if self.vectorized else "conventional"
        signs = "nonnegative" if self.nonnegative else "mixed"
        return f"{self.dataset}-{self.arch}-{units}-{signs}-{self.rule}"

    @property
    def name(self) -> str:
        """The experiment and the seed; the epochs too if they are not the paper's."""
        epochs = "" if self.epochs == PAPER_EPOCHS else f"-{self.epochs}epochs"
        return f"{self.experiment}{epochs}-seed{self.seed}"

    @property
    def label(self) -> str:
        """As the paper's tables call the rule: a plus for nonnegative weights, as in "GEVB+"."""
        return self.rule.upper() + "+" * self.nonnegative


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found after a number of epochs.

    Attributes:
        epoch: epochs done.
        train_error, test_error: in percent.
        train_loss, test_loss: mean cross-entropy.
        angles: degrees between the network's broadcast feedback (GEVB's in a vectorized network,
            DFA's in a conventional one) and back-propagation's, for every hidden layer; None
            where no example has feedback to compare with.
    """

    epoch: int
    train_error: float
    test_error: float
    train_loss: float
    test_loss: float
    angles: tuple[float | None, ...]

    def __str__(self) -> str:
        """As the command line prints it."""
        return (
            f"test error {self.test_error:.2f} % (train error {self.train_error:.2f} %) "
            f"after {self.epoch} epochs"
        )


def choose_device(name: str = "auto") -> torch.device:
    """The device called "auto" (a GPU if there is one), "cpu" or "cuda".

    Raises:
        InputError: unknown name, or "cuda" where there is no GPU.
    """
    check_choice("device", name, ("auto", "cpu", "cuda"))
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("device: got cuda, but PyTorch sees no GPU; wanted cpu or auto")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


@torch.no_grad()
def evaluate(network: Network, split: Split, batch_size: int = 128) -> tuple[float, float]:
    """Error in percent and mean cross-entropy."""
    wrong, loss = 0, 0.0
    dtype = network.layers[0].weights.weight.dtype
    for x, y in split.batches(batch_size):
        logits = network(x.to(dtype))
        wrong += int((logits.argmax(1) != y).sum())
        loss += cross_entropy(logits, y)[0].item() * len(y)
    return 100 * wrong / len(split), loss / len(split)


class Trainer:
    """Network, rule, optimizer and everything else that changes while training."""

    def __init__(self, config: Config, data: Dataset, device: torch.device) -> None:
        self.config, self.data, self.device = config, data, device
        self.network = build(
            config.dataset,
            config.arch,
            vectorized=config.vectorized,
            nonnegative=config.nonnegative,
            seed=config.seed,
        ).to(device, DTYPES[config.dtype])
        self.rule = make_rule(config.rule, self.network, seed=config.seed)
        broadcast = "gevb" if config.vectorized else "dfa"
        self.broadcast = make_rule(broadcast, self.network, seed=config.seed)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=config.learning_rate, fused=True
        )
        self.order = stream(config.seed, "order")
        self.epoch = 0
        self.history: list[Evaluation] = []

    @property
    def finished(self) -> bool:
        """Evaluated after all epochs, or an evaluation found no training error."""
        if not self.history:
            return False
        return self.epoch >= self.config.epochs or self.history[-1].train_error == 0

    @property
    def evaluation_due(self) -> bool:
        """At epochs 0, k, 2k, ... and at the last one."""
        return self.epoch % self.config.evaluate_every == 0 or self.epoch == self.config.epochs

    def train_epoch(self, after_batch: Callable[[], object] = lambda: None) -> None:
        """One pass over the training set in random order.

        Raises:
            InputError: the loss is not finite.
        """
        order = torch.randperm(len(self.data.train), generator=self.order).to(self.device)
        total = torch.zeros((), device=self.device)
        for x, y in self.data.train.batches(self.config.batch_size, order):
            self.optimizer.zero_grad()
            total += self.rule.backward(x.to(DTYPES[self.config.dtype]), y)
            self.optimizer.step()
            self.network.clamp_()
            after_batch()
        self.epoch += 1
        self._check_finite(total.item())

    def evaluate(self) -> Evaluation:
        """Errors and losses on both sets, and angles on one batch, added to the history.

        Raises:
            InputError: a loss is not finite.
        """
        train_error, train_loss = evaluate(self.network, self.data.train)
        test_error, test_loss = evaluate(self.network, self.data.test)
        self._check_finite(train_loss + test_loss)
        errors = (train_error, test_error, train_loss, test_loss)
        self.history.append(Evaluation(self.epoch, *errors, angles=self._angles()))
        return self.history[-1]

    def _angles(self) -> tuple[float | None, ...]:
        """Alignment of the network's broadcast rule on one batch of test images."""
        x, y = next(self.data.test.batches(self.config.batch_size))
        angles = alignment_angles(self.broadcast, x.to(DTYPES[self.config.dtype]), y).tolist()
        return tuple(None if math.isnan(angle) else angle for angle in angles)

    def _check_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            kept = f"epoch {self.history[-1].epoch}" if self.history else "none"
            raise InputError(
                f"loss: got {loss} in epoch {self.epoch}, wanted a finite number; "
                f"try a smaller learning rate (last good evaluation: {kept})"
            )

    def state(self) -> dict[str, Any]:
        """All that a later process needs to go on bit by bit as this one would have."""
        return {
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "order": self.order.get_state(),
            "history": [asdict(evaluation) for evaluation in self.history],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.order.set_state(state["order"].cpu())
        self.epoch = state["epoch"]
        self.history = [Evaluation(**evaluation) for evaluation in state["history"]]
