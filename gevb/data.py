"""Data sets as whole tensors: digits (bundled with scikit-learn), MNIST and CIFAR-10.

Images are float32 of shape (N, channels, height, width), scaled to [-1, 1] (Appendix I).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from gevb.datasets import DATASETS
from gevb.errors import InputError, check_choice
from gevb.losses import check_labels

#: The environment variable that may name the data's folder.
DATA_DIR_VARIABLE = "GEVB_DATA_DIR"


@dataclass(frozen=True)
class Split:
    """Images and labels.

    Raises:
        InputError: no images, another number of labels, or labels outside 0 .. classes - 1.
    """

    x: Float[Tensor, "N channels height width"]
    y: Int[Tensor, " labels"]
    classes: int

    def __post_init__(self) -> None:
        if not len(self.x) or len(self.x) != len(self.y):
            raise InputError(
                f"data: got {len(self.x)} images and {len(self.y)} labels, "
                "wanted one label per image and at least one image"
            )
        check_labels(self.y, self.classes)

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def targets(self) -> Float[Tensor, "N classes"]:
        """The labels, which were checked, as one-hot targets."""
        return F.one_hot(self.y.long(), self.classes).to(self.x.dtype)

    def batches(
        self, size: int, order: Int[Tensor, " N"] | None = None
    ) -> Iterator[tuple[Float[Tensor, "B channels height width"], Int[Tensor, " B"]]]:
        """Batches in the given order, or as they lie; the last may be smaller."""
        for start in range(0, len(self), size):
            if order is None:
                yield self.x[start : start + size], self.y[start : start + size]
            else:
                index = order[start : start + size]
                yield self.x[index], self.y[index]


@dataclass(frozen=True)
class Dataset:
    """A training and a test set."""

    name: str
    train: Split
    test: Split


def load(
    name: str, data_dir: str | Path | None = None, device: torch.device | str = "cpu"
) -> Dataset:
    """The whole data set as tensors on a device.

    MNIST and CIFAR-10 are read through torchvision from `data_dir`, else from the folder that
    the environment variable GEVB_DATA_DIR names, else from ~/.cache/gevb. Files that are missing
    are downloaded; files that are there are checked against their MD5 sums.

    Raises:
        InputError: unknown name, a download that failed, or a file that is not the official one.
    """
    check_choice("dataset", name, DATASETS)
    splits = _digits() if name == "digits" else _torchvision(name, data_folder(data_dir))
    facts = DATASETS[name]
    train, test = (
        Split(
            _scaled(images, facts.image_shape).to(device),
            torch.as_tensor(labels).to(device),
            facts.classes,
        )
        for images, labels in splits
    )
    return Dataset(name, train, test)


def _scaled(images: np.ndarray, shape: tuple[int, int, int]) -> Float[Tensor, "N C H W"]:
    """From [0, 1] to [-1, 1]: mean 0.5, standard deviation 0.5."""
    return torch.as_tensor(images, dtype=torch.float32).sub_(0.5).div_(0.5).view(-1, *shape)


Arrays = tuple[np.ndarray, np.ndarray]


def _digits() -> tuple[Arrays, Arrays]:
    """1,437 training and 360 test images of 8 x 8, the same share of every class in both."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        x / 16, y, test_size=360, random_state=0, stratify=y
    )
    return (x_train, y_train), (x_test, y_test)


def data_folder(data_dir: str | Path | None) -> Path:
    """The folder given, else the one that GEVB_DATA_DIR names, else ~/.cache/gevb."""
    chosen = data_dir or os.environ.get(DATA_DIR_VARIABLE) or Path.home() / ".cache" / "gevb"
    return Path(chosen).expanduser()


def _torchvision(name: str, folder: Path) -> tuple[Arrays, Arrays]:
    from torchvision import datasets

    kind = {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}[name]
    try:
        if not all((folder / file).is_file() for file in DATASETS[name].files):
            _download(name, kind, folder)
        _check_files(name, folder)
        train, test = (kind(folder, train=train) for train in (True, False))
    except OSError as error:
        raise InputError(f"{name}: cannot read {error.filename}: {error.strerror}") from error
    return _arrays(train), _arrays(test)


def _arrays(dataset: Any) -> Arrays:
    images, labels = np.asarray(dataset.data), np.asarray(dataset.targets, dtype=np.int64)
    if images.ndim == 4:  # CIFAR-10 comes with the channels last.
        images = images.transpose(0, 3, 1, 2)
    return images / np.float32(255), labels


def _download(name: str, kind: type, folder: Path) -> None:
    try:
        kind(folder, download=True)
    except (OSError, RuntimeError) as error:
        file, reason = next(iter(DATASETS[name].files)), " ".join(str(error).split())
        raise InputError(
            f"{name}: not in {folder} and could not be downloaded ({reason}); wanted a network, "
            f"or --data-dir or {DATA_DIR_VARIABLE} naming a folder that holds {file}"
        ) from error


def _check_files(name: str, folder: Path) -> None:
    for file, wanted in DATASETS[name].files.items():
        with open(folder / file, "rb") as stream:
            got = hashlib.file_digest(stream, "md5").hexdigest()
        if got != wanted:
            raise InputError(
                f"{folder / file}: corrupted, got MD5 {got}, wanted {wanted}; "
                "delete it to have it downloaded again"
            )
