"""Shared parts of widgets, and one that trains networks on the digits and compares them."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import ipywidgets as widgets
import plotly.graph_objects as go
from IPython.display import display

from gevb.data import choose_device, load
from gevb.errors import InputError
from gevb.lab.records import Record
from gevb.training import Config, Trainer
from gevbook.figures import learning_curves
from gevbook.plots import NAMES

#: Function of the share done, from 0 to 1, and a message; raises `Stopped`.
Report = Callable[[float, str], None]
Job = Callable[[Report], Any]


class Stopped(Exception):
    """The reader has pressed the stop button."""


class Work:
    """A start button for long jobs, with a bar, a stop button and a line of text.

    The job runs in a thread of its own, so the kernel can handle the buttons meanwhile. Only the
    kernel's own thread uses widgets. Without a kernel, the start button does the whole job at once.

    Args:
        label: of the start button.
        plan: reads the reader's choices and returns the job; may raise `InputError`.
        show: takes the job's result; its return value is the final message, and its display appears
            below.
    """

    def __init__(self, label: str, plan: Callable[[], Job], show: Callable[[Any], str]) -> None:
        self.plan, self.show = plan, show
        self.start = widgets.Button(description=label, button_style="primary")
        self.stop = widgets.Button(description="Stop", disabled=True)
        self.bar = widgets.FloatProgress(max=1.0, layout={"width": "12em", "visibility": "hidden"})
        self.says, self.shown = widgets.HTML(), widgets.Output()
        self.start.on_click(self.begin)
        self.stop.on_click(self._stop)
        buttons = widgets.HBox([self.start, self.stop, self.bar])
        self.box = widgets.VBox([buttons, self.says, self.shown])
        self._stopping = self._again = False
        self._latest = (0.0, "")
        self._task: asyncio.Task[None] | None = None

    def begin(self, _: object = None) -> None:
        """Start the job; if it is running, stop it and start again with the current choices."""
        if self._task is not None:
            self._stopping = self._again = True
            return
        self._stopping = self._again = False
        self._latest = (0.0, "")
        try:
            job = self.plan()
        except InputError as error:
            self.says.value = str(error)
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._end(lambda: job(self._report))
        else:
            self._task = loop.create_task(self._watch(job))

    def _stop(self, _: object) -> None:
        self._stopping = True

    def _report(self, share: float, words: str) -> None:
        """Report from the job's thread."""
        self._latest = (share, words)
        if self._stopping:
            raise Stopped

    def _tell(self) -> None:
        self.bar.value, self.says.value = self._latest

    async def _watch(self, job: Job) -> None:
        self.start.disabled, self.stop.disabled = True, False
        self.bar.layout.visibility = "visible"
        done = asyncio.ensure_future(asyncio.to_thread(job, self._report))
        try:
            while not done.done():
                await asyncio.wait([done], timeout=0.1)
                self._tell()
            self._end(done.result)
        finally:
            self.start.disabled, self.stop.disabled = False, True
            self.bar.layout.visibility = "hidden"
            self._task = None
            if self._again:
                self.begin()

    def _end(self, result: Callable[[], Any]) -> None:
        try:
            found = result()
        except Stopped:
            self.says.value = f"stopped; so far: {self._latest[1]}"
        except InputError as error:
            self.says.value = str(error)
        else:
            self.shown.clear_output(wait=True)
            with self.shown:
                self.says.value = self.show(found)


def labelled(choices: Mapping[str, widgets.Widget]) -> list[widgets.HBox]:
    """Make one row for each choice, with its name in front."""
    return [
        widgets.HBox([widgets.Label(name, layout={"width": "8em"}), choice])
        for name, choice in choices.items()
    ]


def explorer(
    choices: Mapping[str, widgets.Widget], draw: Callable[..., tuple[str, go.Figure | None]]
) -> widgets.VBox:
    """Make rows of choices, and below them text and a figure, updated at each choice.

    Args:
        choices: by name.
        draw: takes their values in order; returns text in HTML, and a figure or None; may raise
            `InputError`.
    """
    says = widgets.HTML()

    def show(**values: object) -> None:
        try:
            says.value, figure = draw(*values.values())
        except InputError as error:
            says.value, figure = html.escape(str(error)), None
        if figure is not None:
            display(figure)

    numbered = {str(n): choice for n, choice in enumerate(choices.values())}
    shown = widgets.interactive_output(show, numbered)
    return widgets.VBox([*labelled(choices), says, shown])


def new_trainer(config: Config) -> Trainer:
    """Make a trainer with its data.

    Raises:
        InputError: see `gevb.data.load`.
    """
    device = choose_device("auto")
    return Trainer(config, load(config.dataset, None, device), device)


def train_with_reports(trainer: Trainer, report: Report) -> None:
    """Train all epochs with evaluations, and report after each batch.

    Raises:
        InputError: the loss is not finite.
        Stopped: by the report; the trainer keeps what was reached.
    """

    def after_batch() -> None:
        share = (trainer.epoch + trainer.batch / trainer.batches) / trainer.config.epochs
        report(share, str(trainer.history[-1]))

    for _ in trainer.run(after_batch):
        pass


NETWORKS = {
    "vectorized, nonnegative (VNN)": (True, True),
    "vectorized, mixed-sign": (True, False),
    "conventional, nonnegative": (False, True),
    "conventional, mixed-sign": (False, False),
}


def training_explorer() -> widgets.VBox:
    """Choose rule, network, architecture, epochs and seed; train on the digits; compare curves."""
    rule = widgets.Dropdown(options={name: key for key, name in NAMES.items()}, value="gevb")
    network = widgets.Dropdown(options=list(NETWORKS))
    arch = widgets.Dropdown(options=["fc", "conv", "lc"])
    epochs = widgets.IntSlider(value=10, min=1, max=60)
    seed = widgets.IntSlider(value=0, min=0, max=9)
    clear = widgets.Button(description="Clear")
    runs: dict[str, Record] = {}

    def plan() -> Job:
        vectorized, nonnegative = NETWORKS[network.value]
        config = Config(
            arch=arch.value,
            rule=rule.value,
            vectorized=vectorized,
            nonnegative=nonnegative,
            epochs=epochs.value,
            seed=seed.value,
            evaluate_every=max(1, epochs.value // 10),
        )

        def job(report: Report) -> Record:
            trainer = new_trainer(config)
            with suppress(Stopped):  # a curve can end early
                train_with_reports(trainer, report)
            status = "finished" if trainer.finished else "running"
            return Record(config, trainer.history, [], status)

        return job

    def show(record: Record) -> str:
        config = record.config
        kind = next(k for k, v in NETWORKS.items() if v == (config.vectorized, config.nonnegative))
        runs[f"{NAMES[config.rule]}, {kind}, {config.arch}, seed {config.seed}"] = record
        display(learning_curves(runs, ceiling=40.0))
        return str(record.history[-1])

    def on_clear(_: widgets.Button) -> None:
        runs.clear()
        work.shown.clear_output()

    work = Work("Train", plan, show)
    clear.on_click(on_clear)
    choices = {
        "rule": rule,
        "network": network,
        "architecture": arch,
        "epochs": epochs,
        "seed": seed,
    }
    return widgets.VBox([*labelled(choices), clear, work.box])
