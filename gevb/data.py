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

from gevb.errors import InputError, check_choice
from gevb.losses import check_labels
from gevb.networks import INPUTS

#: The environment variable that may name the data's folder.
DATA_DIR_VARIABLE = "GEVB_DATA_DIR"

# Where torchvision keeps the files, and their MD5 sums (CIFAR-10's are those it checks itself).
FILES: dict[str, dict[str, str]] = {
    "mnist": {
        "MNIST/raw/train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "MNIST/raw/train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "MNIST/raw/t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "MNIST/raw/t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    "cifar10": {
        "cifar-10-batches-py/data_batch_1": "c99cafc152244af753f735de768cd75f",
        "cifar-10-batches-py/data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "cifar-10-batches-py/data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "cifar-10-batches-py/data_batch_4": "634d18415352ddfa80567beed471001a",
        "cifar-10-batches-py/data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "cifar-10-batches-py/test_batch": "40351d587109b95175f43aff81a1287e",
        "cifar-10-batches-py/batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
    },
}


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
    check_choice("dataset", name, INPUTS)
    splits = _digits() if name == "digits" else _torchvision(name, data_folder(data_dir))
    shape, classes = INPUTS[name]
    train, test = (
        Split(_scaled(images, shape).to(device), torch.as_tensor(labels).to(device), classes)
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
        if not all((folder / file).is_file() for file in FILES[name]):
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
        file, reason = next(iter(FILES[name])), " ".join(str(error).split())
        raise InputError(
            f"{name}: not in {folder} and could not be downloaded ({reason}); wanted a network, "
            f"or --data-dir or {DATA_DIR_VARIABLE} naming a folder that holds {file}"
        ) from error


def _check_files(name: str, folder: Path) -> None:
    for file, wanted in FILES[name].items():
        with open(folder / file, "rb") as stream:
            got = hashlib.file_digest(stream, "md5").hexdigest()
        if got != wanted:
            raise InputError(
                f"{folder / file}: corrupted, got MD5 {got}, wanted {wanted}; "
                "delete it to have it downloaded again"
            )
