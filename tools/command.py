"""Shared parts of this folder's command lines: one-line errors and exit code 2."""

import argparse
from typing import NoReturn


class Stop(Exception):
    """Error with a one-line message for the command line."""


class Parser(argparse.ArgumentParser):
    """Argument parser with one-line errors."""

    def error(self, message: str) -> NoReturn:
        """Print the error without the usage, and exit with 2."""
        self.exit(2, f"{self.prog}: {message}\n")
