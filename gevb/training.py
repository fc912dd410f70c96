"""Training by the paper's protocol.

Adam with learning rate 3e-4 on batches of 128, an evaluation and a checkpoint every 10 epochs,
for 190 epochs or until an evaluation finds no error on the training set. A checkpoint is also
made every five minutes, between two batches.

Source: Clark, Abbott and Chung (2021), Appendix I.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from gevb.analysis import alignment_angles
from gevb.data import Dataset, Split, load
from gevb.errors import InputError, check_choice
from gevb.losses import cross_entropy
from gevb.networks import Network, build
from gevb.provenance import provenance
from gevb.records import DTYPES, Config, Evaluation, Record
from gevb.replay import Capture, Replayed, cuda_graph
from gevb.rules import make_rule
from gevb.runs import RunFolder, write_atomically
from gevb.seeds import stream

#: Seconds after which a checkpoint is due, also in the middle of an epoch.
CHECKPOINT_EVERY = 300.0


@dataclass(frozen=True)
class Run:
    """A finished run: the network and its record."""

    network: Network
    record: Record

    @property
    def history(self) -> list[Evaluation]:
        """Its evaluations."""
        return self.record.history


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
    dtype = network.layers[0].weights.weight.dtype
    logits = torch.cat([network(x.to(dtype)) for x, _ in split.batches(batch_size)]).double()
    wrong = (logits.argmax(1) != split.y).sum()
    loss, _ = cross_entropy(logits, split.targets)
    # Moved together: the processor waits for a GPU once.
    wrong_count, mean_loss = torch.stack([wrong, loss]).tolist()
    return 100 * wrong_count / len(split), mean_loss


class Trainer:
    """Network, rule, optimizer and everything else that changes while training.

    Args:
        config: what to train, and how.
        data: on the device.
        device: of network and data.
        capture: `gevb.replay.cuda_graph` to replay steps; None to do each anew.
    """

    def __init__(
        self, config: Config, data: Dataset, device: torch.device, capture: Capture | None = None
    ) -> None:
        self.config, self.data, self.device, self.capture = config, data, device, capture
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
        self.order = stream(config.seed, "order")  # as it was before the epoch under way
        self.epoch = 0
        self.batch = 0  # of the epoch under way
        self.loss = torch.zeros((), device=device)  # sum over these batches
        self.history: list[Evaluation] = []
        self._start()

    def _start(self) -> None:
        """Nothing is captured yet; Adam wants to know whether it will be."""
        for group in self.optimizer.param_groups:
            group["capturable"] = self.capture is not None
        self.learn: Callable[[Tensor], Tensor] = self.step
        if self.capture is not None:
            self.learn = Replayed(self.step, self.config.batch_size, self.capture)

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
        """One pass over the training set in random order, or the rest of one.

        Raises:
            InputError: the loss is not finite.
        """
        generator = torch.Generator()
        generator.set_state(self.order.get_state())
        order = torch.randperm(len(self.data.train), generator=generator).to(self.device)
        for index in order.split(self.config.batch_size)[self.batch :]:
            self.loss += self.learn(index)
            self.batch += 1
            after_batch()
        self.check_finite(self.loss.item())
        self.epoch, self.batch, self.order = self.epoch + 1, 0, generator
        self.loss.zero_()

    def step(self, index: Int[Tensor, " B"]) -> Float[Tensor, ""]:
        """Learn from the training examples `index`; their mean loss.

        Nothing here makes the processor wait for a GPU.
        """
        train = self.data.train
        self.optimizer.zero_grad()
        loss = self.rule.backward(
            train.x[index].to(DTYPES[self.config.dtype]), train.targets[index]
        )
        self.optimizer.step()
        self.network.clamp_()
        return loss

    def evaluate(self) -> Evaluation:
        """Errors and losses on both sets, and angles on one batch, added to the history.

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
        """Alignment of the network's broadcast rule on one batch of test images."""
        test, batch = self.data.test, slice(self.config.batch_size)
        x = test.x[batch].to(DTYPES[self.config.dtype])
        angles = alignment_angles(self.broadcast, x, test.targets[batch]).tolist()
        return tuple(None if math.isnan(angle) else angle for angle in angles)

    def check_finite(self, loss: float) -> None:
        """Stop what cannot be saved any more.

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
        """All that a later process needs to go on bit by bit as this one would have."""
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "loss": self.loss.item(),
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "order": self.order.get_state(),
            "history": [asdict(evaluation) for evaluation in self.history],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])  # into new tensors
        self._start()
        self.order.set_state(state["order"].cpu())
        self.epoch, self.batch = state["epoch"], state["batch"]
        self.loss.fill_(state["loss"])
        self.history = [Evaluation(**evaluation) for evaluation in state["history"]]

    def record(self, sessions: list[dict[str, Any]]) -> Record:
        """What the run gave so far, and which processes worked on it."""
        status = "finished" if self.finished else "running"
        return Record(self.config, self.history, sessions, status)


def _restore(trainer: Trainer, state: dict[str, Any], file: Path) -> list[dict[str, Any]]:
    """Put a checkpoint's state into a trainer; the sessions that made it."""
    try:
        trainer.load_state(state)
        return list(state["sessions"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{file} does not hold the state of such a run: {error!r:.200}") from error


def train(
    config: Config,
    out: str | Path | None = None,
    *,
    resume: bool = False,
    data_dir: str | Path | None = None,
    device: str = "auto",
    progress: bool = True,
    replay: bool = False,
) -> Run:
    """Train a network as `config` says.

    Sets PyTorch to full float32 precision for the whole process: TF32 would round the products of
    recent GPUs to 10 bits.

    Args:
        config: what to train, and how.
        out: run folder for checkpoint and record; None keeps nothing.
        resume: continue the run in `out`, or start it where there is none.
        data_dir: see `gevb.data.load`.
        device: "auto", "cpu" or "cuda".
        progress: show a bar with the latest errors on standard error.
        replay: replay steps as CUDA graphs (`gevb.replay`); not yet run on a GPU.

    Raises:
        InputError: see `gevb.data.load`, `choose_device`, `RunFolder`; replay without a GPU; or a
            loss that is not finite, in which case the last good checkpoint stays.
    """
    chosen = choose_device(device)
    if replay and chosen.type != "cuda":
        raise InputError(f"replay: got device {chosen}, wanted a GPU")
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    with contextlib.ExitStack() as stack:
        folder = None if out is None else RunFolder(out, config, resume)
        if folder is not None:
            stack.enter_context(folder.locked())
        state = None if folder is None else folder.load(chosen)
        data = load(config.dataset, data_dir, chosen)
        trainer = Trainer(config, data, chosen, cuda_graph if replay else None)
        sessions: list[dict[str, Any]] = []
        if folder is not None:
            if state is not None:
                sessions = _restore(trainer, state, folder.checkpoint)
            # Now, to see early that the folder can be written.
            write_atomically(folder.record, trainer.record(sessions).to_json())
        if not trainer.finished:
            sessions.append({**provenance(chosen, config.seed), "from_epoch": trainer.epoch})
        started = saved = time.perf_counter()

        def save() -> None:
            nonlocal saved
            saved = time.perf_counter()
            sessions[-1]["seconds"] = round(saved - started, 3)
            if folder is not None:
                folder.save({**trainer.state(), "sessions": sessions}, trainer.record(sessions))

        def record() -> None:
            trainer.evaluate()
            save()

        def after_batch() -> None:
            bar.update()
            if folder is not None and time.perf_counter() - saved >= CHECKPOINT_EVERY:
                # No loss has seen the last step yet; bad weights must not be kept.
                weights = sum(p.detach().sum() for p in trainer.network.parameters())
                trainer.check_finite((trainer.loss + weights).item())
                save()

        batches = -(-len(trainer.data.train) // config.batch_size)
        with tqdm(
            total=config.epochs * batches,
            initial=trainer.epoch * batches + trainer.batch,
            unit="batch",
            disable=not progress,
        ) as bar:
            if not trainer.history:
                record()
            while not trainer.finished:
                bar.set_description(str(trainer.history[-1]), refresh=False)
                trainer.train_epoch(after_batch)
                if trainer.evaluation_due:
                    record()
    return Run(trainer.network, trainer.record(sessions))
