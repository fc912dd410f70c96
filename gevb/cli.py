"""Command line: `python -m gevb`."""

from __future__ import annotations

import sys

import click

from gevb.data import DATA_DIR_VARIABLE
from gevb.errors import InputError
from gevb.networks import ARCHITECTURES, INPUTS
from gevb.rules import RULES
from gevb.training import Config, train
from gevb.version import __version__

EXAMPLES = """
\b
Examples:
  python -m gevb train --dataset digits --arch fc --rule gevb --out runs/digits
  python -m gevb train --dataset mnist --arch conv --rule bp --out runs/bp
  python -m gevb train --dataset mnist --arch fc --rule dfa --conventional --out runs/dfa

\b
The run folder holds config.json, history.json (errors in percent at every
evaluation), provenance.json and checkpoint.pt. A run that was interrupted goes
on when the same command is given with --resume: on the CPU, and with as many
threads, it ends bit by bit as if it had not been interrupted.
"""


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
    type=click.Choice(list(INPUTS)),
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
@click.option(
    "--epochs",
    type=click.IntRange(0),
    default=190,
    show_default=True,
    help="At most; training stops at an evaluation without training error.",
)
@click.option(
    "--evaluate-every",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Epochs between evaluations, which are also the checkpoints.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Of weights, gating vectors, random feedback and order of examples.",
)
@click.option("--out", type=click.Path(file_okay=False), required=True, help="Run folder.")
@click.option("--resume", is_flag=True, help="Continue the run in --out, or start it.")
@click.option(
    "--data-dir",
    type=click.Path(),
    envvar=DATA_DIR_VARIABLE,
    show_envvar=True,
    help="Where MNIST and CIFAR-10 lie or are downloaded to; else ~/.cache/gevb.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="auto takes a GPU if there is one.",
)
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
    run = train(config, out, resume=resume, data_dir=data_dir, device=device)
    click.echo(run.history[-1])


def main() -> None:
    """Run the command line; a user's mistake gives one line and exit status 2."""
    try:
        sys.exit(cli.main(prog_name="python -m gevb", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as help_text:
        click.echo(help_text.format_message(), err=True)
        sys.exit(2)
    except click.exceptions.Abort:
        click.echo("gevb: interrupted; --resume continues from the last checkpoint", err=True)
        sys.exit(130)
    except (click.ClickException, InputError) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        click.echo(f"gevb: {' '.join(message.split())}", err=True)
        sys.exit(2)
