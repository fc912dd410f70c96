"""Steps before and after: another commit and this one in one run, their steps taken in turn.

`python -m benchmarks.versions COMMIT` checks COMMIT out beside this one, times every paper
network's step in both, and writes data/benchmarks/versions.json.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

import click
import torch

from gevb.lab.provenance import provenance
from gevb.lab.runs import write_atomically
from gevb.lab.timings import geometric_mean

ROOT = Path(__file__).parents[1]
NETWORKS = list(product(("mnist", "cifar10"), ("fc", "conv", "lc"), (True, False)))
BUDGET = 12.0  # Seconds for a network and rule, both versions together.


class Version:
    """A process that has one version's package and takes steps when it is asked to."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("stepper.py"))],
            env={**os.environ, "PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, *words: object) -> float:
        """Say a line, and hear a number."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        time.sleep(0.1)  # Until the threads of the other process have stopped to spin.
        print(*words, file=stdin, flush=True)
        return float(stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def compare(before: Version, after: Version, *case: object) -> dict[str, Any]:
    """Median seconds of a step in both versions, a step of each in turn."""
    for version in (before, after):
        version.ask(*case)
    warm = before.ask("step") + after.ask("step")
    rounds = round(min(25, max(5, BUDGET / warm)))
    times = [(before.ask("step"), after.ask("step")) for _ in range(rounds)]
    old, new = (float(f"{statistics.median(column):.4g}") for column in zip(*times, strict=True))
    names = ("dataset", "arch", "vectorized", "rule")
    return {**dict(zip(names, case, strict=True)), "before": old, "after": new, "steps": rounds}


@click.command()
@click.argument("commit")
def main(commit: str) -> None:
    """Time this version's steps against COMMIT's."""
    facts = {**provenance("gevb.training", torch.device("cpu"), 0), "before": commit}
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*git, "add", "--detach", folder, commit], check=True, capture_output=True)
        try:
            before, after = Version(Path(folder)), Version(ROOT)
            rows = []
            for dataset, arch, vectorized in NETWORKS:
                for rule in ("gevb" if vectorized else "dfa", "bp"):
                    row = compare(before, after, dataset, arch, vectorized, rule)
                    rows.append(row)
                    name = f"{dataset} {arch}" + " conventional" * (not vectorized)
                    click.echo(
                        f"{name:27}{rule:6}{row['before'] * 1e3:9.1f}{row['after'] * 1e3:9.1f} ms"
                        f"{row['before'] / row['after']:7.2f} x"
                    )
            before.close()
            after.close()
        finally:
            subprocess.run([*git, "remove", "--force", folder], check=True)
    ratios = [row["before"] / row["after"] for row in rows if row["vectorized"]]
    click.echo(f"geometric mean of the vectorized: {geometric_mean(ratios):.2f} x")
    content = json.dumps({"provenance": facts, "steps": rows}, indent=1) + "\n"
    write_atomically(ROOT / "data" / "benchmarks" / "versions.json", content.encode())


if __name__ == "__main__":
    main()
