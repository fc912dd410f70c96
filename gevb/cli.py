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
    final_error,
    findings,
    late_error,
    table,
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
evaluation, provenance) and checkpoint.pt. A run that was interrupted goes on
when the same command is given with --resume: on the CPU, and with as many
threads, it ends bit by bit as if it had not been interrupted.
"""
INTERRUPTED = "gevb: interrupted; checkpoints stay, --help says how to go on from them"


class Folder(click.Path):
    """A folder that is there or can be made, under a name that a folder can have."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """See `gevb.errors.check_path`."""
        name = param.name if param and param.name else "folder"
        return super().convert(str(check_path(name, value)), param, ctx)


DATA_DIR = click.option(
    "--data-dir",
    type=Folder(),
    envvar=DATA_DIR_VARIABLE,
    show_envvar=True,
    help="Where MNIST and CIFAR-10 lie or are downloaded to; else ~/.cache/gevb.",
)
DEVICE = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="auto takes a GPU if there is one.",
)
EPOCHS = click.option(
    "--epochs",
    type=click.IntRange(0),
    default=PAPER_EPOCHS,
    show_default=True,
    help="At most; training stops at an evaluation without training error. Another number than "
    "the paper's is a protocol of its own, in records and tables.",
)
EVALUATE_EVERY = click.option(
    "--evaluate-every",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Epochs between evaluations, which are also the checkpoints.",
)
SEEDS_OPTION = click.option(
    "--seeds", default="5", show_default=True, help="How many, or which: 0-4, or 0,2,7."
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
    help="What every unit hears: back-propagation, feedback alignment, direct feedback "
    "alignment, or the broadcast error vector.",
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
    help="Of weights, gating vectors, random feedback and order of examples.",
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
    help="Experiments whose names hold it, such as 'conv-vectorized' or 'fc-*-gevb'.",
)
DATASET_OPTION = click.option(
    "--dataset",
    "datasets",
    type=click.Choice(list(DATASETS)),
    multiple=True,
    default=list(DATASETS),
    help="May be given more than once; all three if it is not given.",
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
OUT/results/NAME.json is the record of a run, also of one that is not finished.
What is recorded is not run again; a run that was interrupted or left at --until
goes on from its last checkpoint in OUT/checkpoints; one that failed leaves
OUT/results/NAME.failed-1.json and is tried again the next time. Runs are taken
in the order of gevb/lab/plan.py, which says why. Exit status 1 if a run failed.
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
    help="Take every run to this epoch, the least advanced first, and leave it there for later.",
)
@click.option(
    "--plan",
    "by_plan",
    is_flag=True,
    help="Instead of what --dataset, --only, --seeds and --until name: the plan's stages.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Show what would run, in which order, and how long it takes at this machine's rate.",
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
    help="How far every experiment is, and the hours that are left, in place of the errors.",
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
        cells = table(records, chosen, parse_seeds(seeds), measure, others)
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
    help="For the records.",
)
@click.option(
    "--iterations",
    type=int,
    default=Settings.iterations,
    show_default=True,
    help="Of t-SNE, in all.",
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
    """Map what the last convolutional layer of a run learned, before and after training.

    PCA and t-SNE with the paper's settings over the training images (Figure 3, Appendix K).
    """
    settings = Settings(points=points, iterations=iterations)
    for made in embed_run(run_folder, out, settings, data_dir=data_dir, device=device):
        click.echo(
            f"{made.name}: cluster quality {made.map.quality:.3f} in the plane, "
            f"{made.map.quality_pca:.3f} after PCA, after {made.epoch} epochs"
        )


def main() -> None:
    """Run the command line; a user's mistake gives one line and exit status 2."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # Closed; the next file must not get its number.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # Not every code page has a plus-minus sign.
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
    """Say what was wrong in one line, as far as there is somebody to say it to."""
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
        except OSError:  # Such as a full disk; Python would try again at the end, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(2)
