"""What the command lines of this folder share: errors of one line, and 2 as their exit code."""

import argparse
from typing import NoReturn


class Stop(Exception):
    """An error with a one-line message for the person at the command line."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors take one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, without the usage, and leave with 2."""
        self.exit(2, f"{self.prog}: {message}\n")
