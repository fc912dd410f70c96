"""The laboratory: runs and their records, the paper's experiments, comparison, maps."""

from gevb.lab.records import Record, recorded
from gevb.lab.runs import Run, train

__all__ = ["Record", "Run", "recorded", "train"]
