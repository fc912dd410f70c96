"""Command line: `python -m gevb`."""

from __future__ import annotations

import io
import os
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import click

from gevb.data import DATA_DIR_VARIABLE, choose_device
from gevb.datasets import DATASETS
from gevb.errors import InputError, check_path
from gevb.lab.comparison import (
    MEASURES,
    SEEDS,
    at_equal_epochs,
    at_the_end,
    final_error,
    findings,
    late_error,
)
from gevb.lab.embedding import embed_run
from gevb.lab.engine import ENGINES, reproduce
from gevb.lab.experiments import every_run, experiments, parse_seeds, read_results
from gevb.lab.maps import Settings
from gevb.lab.memory import keep_freed_memory
from gevb.lab.plan import PLAN, by_value, progress
from gevb.lab.rates import Stages, forecast
from gevb.lab.runs import train
from gevb.lab.tables import equal_epochs_table, errors_table, findings_table, progress_text
from gevb.networks import ARCHITECTURES
from gevb.rules import RULES
from gevb.training import PAPER_EPOCHS, Config
from gevb.version import __version__

EXAMPLES = """
\b
Examples:
  python -m gevb train --dataset digits --arch fc --rule gevb --out runs/digits
  python -m gevb train --dataset mnist --arch conv --rule bp --out runs/bp
  python -m gevb train --dataset mnist --arch fc --rule dfa --conventional --out runs/dfa

\b
The run folder holds record.json (configuration, errors in percent at every
evaluation, provenance) and checkpoint.pt. To continue an interrupted run, give
the same command with --resume: on the CPU, with equally many threads, it ends
with the same results, bit by bit, as without the interruption.
"""
INTERRUPTED = "gevb: interrupted; checkpoints stay, see --help to continue from them"


class Folder(click.Path):
    """A folder that exists or can be made, with a valid name."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Check the path with `gevb.errors.check_path`."""
        name = param.name if param and param.name else "folder"
        return super().convert(str(check_path(name, value)), param, ctx)


DATA_DIR = click.option(
    "--data-dir",
    type=Folder(),
    envvar=DATA_DIR_VARIABLE,
    show_envvar=True,
    help="Folder of MNIST and CIFAR-10, also for downloads; else ~/.cache/gevb.",
)
DEVICE = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="auto uses a GPU if there is one.",
)
EPOCHS = click.option(
    "--epochs",
    type=click.IntRange(0),
    default=PAPER_EPOCHS,
    show_default=True,
    help="Maximum; training stops at an evaluation without training error. Records and tables "
    "treat a number other than the paper's as a separate protocol.",
)
EVALUATE_EVERY = click.option(
    "--evaluate-every",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Epochs between evaluations, which are also the checkpoints.",
)
SEEDS_OPTION = click.option(
    "--seeds", default="5", show_default=True, help="Number of seeds, or a list: 0-4, or 0,2,7."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gevb")
def cli() -> None:
    """Global error-vector broadcasting in vectorized nonnegative networks.

    After Clark, Abbott and Chung, "Credit Assignment Through Broadcasting a Global Error
    Vector", NeurIPS 2021.
    """


@cli.command("train", epilog=EXAMPLES)
@click.option(
    "--dataset",
    type=click.Choice(list(DATASETS)),
    default="digits",
    show_default=True,
    help="digits comes with scikit-learn and needs no download.",
)
@click.option(
    "--arch",
    type=click.Choice(list(ARCHITECTURES["mnist"])),
    default="fc",
    show_default=True,
    help="Fully connected, convolutional or locally connected.",
)
@click.option(
    "--rule",
    type=click.Choice(list(RULES)),
    default="gevb",
    show_default=True,
    help="Learning rule: back-propagation, feedback alignment, direct feedback alignment, or "
    "the broadcast error vector.",
)
@click.option("--conventional", is_flag=True, help="Scalar units instead of vector units.")
@click.option(
    "--mixed-sign",
    is_flag=True,
    help="Weights of either sign from He initialization, instead of nonnegative ones "
    "from ON/OFF initialization.",
)
@EPOCHS
@EVALUATE_EVERY
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of weights, gating vectors, random feedback and order of examples.",
)
@click.option("--out", type=Folder(file_okay=False), required=True, help="Run folder.")
@click.option("--resume", is_flag=True, help="Continue the run in --out, or start it.")
@DATA_DIR
@DEVICE
def train_command(
    dataset: str,
    arch: str,
    rule: str,
    conventional: bool,
    mixed_sign: bool,
    epochs: int,
    evaluate_every: int,
    seed: int,
    out: str,
    resume: bool,
    data_dir: str | None,
    device: str,
) -> None:
    """Train one network by the paper's protocol: Adam, learning rate 3e-4, batches of 128."""
    config = Config(
        dataset=dataset,
        arch=arch,
        rule=rule,
        vectorized=not conventional,
        nonnegative=not mixed_sign,
        epochs=epochs,
        seed=seed,
        evaluate_every=evaluate_every,
    )
    keep_freed_memory()
    run = train(config, out, resume=resume, data_dir=data_dir, device=device)
    click.echo(run.history[-1])


PATTERN = click.option(
    "--only",
    "pattern",
    default="*",
    metavar="PATTERN",
    help="Only experiments with this in their names: 'conv-vectorized' or 'fc-*-gevb'.",
)
DATASET_OPTION = click.option(
    "--dataset",
    "datasets",
    type=click.Choice(list(DATASETS)),
    multiple=True,
    default=list(DATASETS),
    help="May be repeated; all three if not given.",
)


@cli.command(
    "reproduce",
    epilog="""
\b
Examples:
  python -m gevb reproduce --dataset digits
  python -m gevb reproduce --dataset mnist --only fc- --seeds 5 --jobs 2
  python -m gevb reproduce --dataset cifar10 --until 20   # and later --until 40
  python -m gevb reproduce --plan --dry-run
  RAY_ADDRESS=head:6379 python -m gevb reproduce --engine ray --gpus 0.25

\b
OUT/results/NAME.json is the record of a run, finished or not. Recorded runs are
not run again; a run that was interrupted or paused by --until continues from
its last checkpoint in OUT/checkpoints; one that failed leaves
OUT/results/NAME.failed-1.json and is tried again the next time. Runs are in
the order of gevb/lab/plan.py, with its reasons. Exit status 1 if a run failed.
""",
)
@DATASET_OPTION
@PATTERN
@SEEDS_OPTION
@EPOCHS
@EVALUATE_EVERY
@click.option(
    "--until",
    type=click.IntRange(1),
    help="Train every run up to this epoch, the least advanced first, and pause it there.",
)
@click.option(
    "--plan",
    "by_plan",
    is_flag=True,
    help="Run the plan's stages, instead of --dataset, --only, --seeds and --until.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show the runs in their order, and their time at this machine's rate.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Runs at a time on this machine; as many as cores, or 1 on a GPU, if not given.",
)
@click.option("--engine", type=click.Choice(ENGINES), default="local", show_default=True)
@click.option(
    "--gpus",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="GPU share of a run on Ray.",
)
@click.option("--out", type=Folder(file_okay=False), default="data", show_default=True)
@DATA_DIR
@DEVICE
def reproduce_command(
    datasets: tuple[str, ...],
    pattern: str,
    seeds: str,
    epochs: int,
    evaluate_every: int,
    until: int | None,
    by_plan: bool,
    dry_run: bool,
    jobs: int | None,
    engine: str,
    gpus: float,
    out: str,
    data_dir: str | None,
    device: str,
) -> None:
    """Run the experiments of the paper that are not recorded yet, and the same on digits."""
    if by_plan:
        stages: Stages = [(stage.runs, stage.until, stage.why) for stage in PLAN]
    else:
        chosen = experiments(datasets, pattern)
        wanted = by_value(every_run(chosen, parse_seeds(seeds), epochs, evaluate_every))
        stages = [(wanted, until, "")]
    if dry_run:
        for line in forecast(stages, out, choose_device(device)):
            click.echo(line)
        return
    options: dict[str, Any] = {"engine": engine, "jobs": jobs, "gpus": gpus}
    count: Counter[str] = Counter()
    for runs, stop, why in stages:
        if why:
            click.echo(why)
        for record in reproduce(runs, out, until=stop, data_dir=data_dir, device=device, **options):
            busy = record.status == "running" and record.error
            count["left" if busy else record.status] += 1
    click.echo(
        f"{count['finished']} runs finished, {count['failed']} failed, {count['running']} taken "
        f"further, {count['left']} left to another process"
    )
    if count["failed"]:
        raise click.exceptions.Exit(1)


@cli.command("table")
@DATASET_OPTION
@PATTERN
@SEEDS_OPTION
@click.option(
    "--against",
    help="Seeds of ours to compare with, such as 5-9; the published means if not given.",
)
@click.option(
    "--results",
    type=Folder(file_okay=False, path_type=Path),
    help="Folder of records; those that come with the book if not given.",
)
@click.option(
    "--progress",
    "only_progress",
    is_flag=True,
    help="Show every experiment's progress and the hours left, instead of the errors.",
)
def table_command(
    datasets: tuple[str, ...],
    pattern: str,
    seeds: str,
    against: str | None,
    results: Path | None,
    only_progress: bool,
) -> None:
    """Show ours beside the paper's, with a verdict for every experiment."""
    records, chosen = read_results(results), experiments(datasets, pattern)
    if only_progress:
        click.echo(progress_text(progress(records, chosen, parse_seeds(seeds))))
        return
    others = None if against is None else parse_seeds(against)
    counted = ", ".join(map(str, SEEDS))
    for measure in MEASURES:
        cells = at_the_end(records, chosen, parse_seeds(seeds), measure, others)
        click.echo(f"{measure.capitalize()} error (%)\n\n{errors_table(cells)}\n")
        if others is None and (beside := at_equal_epochs(records, chosen, measure)):
            click.echo(f"{measure.capitalize()} error (%) at equal epochs, seeds {counted}")
            click.echo(f"\n{equal_epochs_table(beside)}\n")
    if pattern == "*" and others is None:
        found, late = (findings(records, datasets, error) for error in (final_error, late_error))
        click.echo(f"Claims about order, by test error of seeds {counted}")
        click.echo(f"\n{findings_table(found, late)}")


@cli.command(
    "embed",
    epilog="""
\b
Examples:
  python -m gevb embed data/checkpoints/digits-conv-vectorized-nonnegative-gevb-seed0
  python -m gevb embed runs/cifar10 --points 10000 --iterations 1000 --out maps

\b
Each map is one JSON file in --out: settings, cluster quality of all points,
coordinates of at most 2,000 of them. The map before training is shared by all
rules of a network; it is made once, unless the settings differ.
""",
)
@click.argument("run_folder", type=Folder(file_okay=False))
@click.option(
    "--out",
    type=Folder(file_okay=False),
    default="data/embeddings",
    show_default=True,
    help="Folder for the records.",
)
@click.option(
    "--iterations",
    type=int,
    default=Settings.iterations,
    show_default=True,
    help="Iterations of t-SNE.",
)
@click.option("--points", type=click.IntRange(1), help="Training images, chosen at random.  [all]")
@DATA_DIR
@DEVICE
def embed_command(
    run_folder: str,
    out: str,
    iterations: int,
    points: int | None,
    data_dir: str | None,
    device: str,
) -> None:
    """Map the last convolutional layer's activations of a run, before and after training.

    PCA and t-SNE with the paper's settings over the training images (Figure 3, Appendix K).
    """
    settings = Settings(points=points, iterations=iterations)
    for made in embed_run(run_folder, out, settings, data_dir=data_dir, device=device):
        click.echo(
            f"{made.name}: cluster quality {made.map.quality:.3f} in the plane, "
            f"{made.map.quality_pca:.3f} after PCA, after {made.epoch} epochs"
        )


def main() -> None:
    """Run the command line; report a user's mistake in one line with exit status 2."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # Closed; no other file may get its number.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # Some code pages lack a plus-minus sign.
    try:
        status = cli.main(prog_name="python -m gevb", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message(), err=True)
        sys.exit(2)
    except click.exceptions.Abort:
        click.echo(INTERRUPTED, err=True)
        sys.exit(130)
    except (click.ClickException, InputError, OSError) as error:
        _fail(error)
    sys.exit(status)


def _fail(error: Exception) -> NoReturn:
    """Report an error in one line, if standard error is open."""
    message = str(error)
    if isinstance(error, click.ClickException):
        message = error.format_message()
    elif isinstance(error, OSError):
        message = ": ".join(str(part) for part in (error.filename, error.strerror) if part)
    with suppress(OSError):
        click.echo(f"gevb: {' '.join(message.split())[:900]}", err=True)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # Such as a full disk; Python would try again at the end, and report it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(2)
