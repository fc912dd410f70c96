"""Data sets as whole tensors: digits (bundled with scikit-learn), MNIST and CIFAR-10.

Images are float32 of shape (N, channels, height, width), scaled to [-1, 1] (Appendix I).
"""

from __future__ import annotations

import hashlib
import os
import pickle
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from jaxtyping import Float, Int
from torch import Tensor

from gevb.datasets import DATASETS
from gevb.errors import (
    InputError,
    as_tensor,
    check_choice,
    check_path,
    check_whole,
    one_line,
    shown,
)
from gevb.losses import check_labels

#: Environment variable that may name the data's folder.
DATA_DIR_VARIABLE = "GEVB_DATA_DIR"
#: Seconds without an answer before a download is given up.
SILENCE = 60.0


@dataclass(frozen=True)
class Split:
    """Images and labels, as tensors; NumPy arrays and lists are converted.

    Raises:
        InputError: no images or not four axes, whole-number pixels (such as 0 to 255), pixels that
            are not finite, another number of labels, or labels outside 0 .. classes - 1.
    """

    x: Float[Tensor, "N channels height width"]
    y: Int[Tensor, " labels"]
    classes: int

    def __post_init__(self) -> None:
        x, y = as_tensor("images", self.x), as_tensor("labels", self.y)
        if x.ndim != 4 or y.ndim != 1:
            raise InputError(
                f"data: got images of shape {tuple(x.shape)} and labels of shape {tuple(y.shape)}, "
                "wanted (N, channels, height, width) and (N,)"
            )
        if not len(x) or len(x) != len(y):
            raise InputError(
                f"data: got {len(x)} images and {len(y)} labels, "
                "wanted one label per image and at least one image"
            )
        if not x.is_floating_point() or not x.numel():
            raise InputError(f"images: got {shown(x)} of {x.dtype}, wanted floating-point pixels")
        if not torch.stack(x.aminmax()).isfinite().all():
            raise InputError("images: got numbers that are not finite")
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)
        check_whole("classes", self.classes, 1)
        check_labels(self.y, self.classes)

    def __len__(self) -> int:
        return len(self.x)

    def batches(
        self, size: int, order: Int[Tensor, " M"] | None = None
    ) -> Iterator[tuple[Float[Tensor, "B channels height width"], Int[Tensor, " B"]]]:
        """Yield batches of all examples in order, or of those in `order`; the last may be smaller.

        Raises:
            InputError: a size below 1.
        """
        size = check_whole("batch size", size, 1)
        for start in range(0, len(self) if order is None else len(order), size):
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


def choose_device(device: torch.device | str = "auto") -> torch.device:
    """Choose a device: "auto" (a GPU if there is one), "cpu", "cuda", or another name in PyTorch.

    Raises:
        InputError: PyTorch has no such device, or it is not available here.
    """
    try:
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        raise InputError(
            f"device: got {shown(device)}, which PyTorch does not have here; wanted auto or cpu"
        ) from error
    return chosen


def load(
    name: str, data_dir: str | Path | None = None, device: torch.device | str = "cpu"
) -> Dataset:
    """Load a whole data set as tensors on a device.

    MNIST and CIFAR-10 are read from `data_dir`. Without it, the folder is the value of the
    environment variable GEVB_DATA_DIR, else ~/.cache/gevb. Missing files are downloaded through
    torchvision; every file is checked against its MD5 sum before it is read.

    Raises:
        InputError: unknown name, no folder, a failed download, a file other than the official one,
            or a device that PyTorch does not have.
    """
    check_choice("dataset", name, DATASETS)
    device = choose_device(device)
    if name == "digits":
        with one_line(f"use the data folder {shown(data_dir)}"):
            if data_dir is not None and not data_folder(data_dir).is_dir():
                raise InputError(
                    f"data folder: got {shown(data_dir)}, wanted one that is there, or none"
                )
        splits = _digits()
    else:
        splits = READERS[name](_official(name, data_folder(data_dir)))
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
    """Scale from [0, 1] to [-1, 1]: mean 0.5, standard deviation 0.5."""
    return torch.as_tensor(images, dtype=torch.float32).sub_(0.5).div_(0.5).view(-1, *shape)


Arrays = tuple[np.ndarray, np.ndarray]


def _digits() -> tuple[Arrays, Arrays]:
    """Split into 1,437 training and 360 test images of 8 x 8, with equal class shares."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        x / 16, y, test_size=360, random_state=0, stratify=y
    )
    return (x_train, y_train), (x_test, y_test)


def data_folder(data_dir: str | Path | None) -> Path:
    """Return the folder given, else the one in GEVB_DATA_DIR, else ~/.cache/gevb.

    Raises:
        InputError: it cannot be a folder's name, or the home folder is unknown.
    """
    if data_dir is None:
        data_dir = os.environ.get(DATA_DIR_VARIABLE) or Path("~", ".cache", "gevb")
    return check_path("data folder", data_dir)


def _official(name: str, folder: Path) -> dict[str, bytes]:
    """Read the files of a data set by name; check them and, if needed, download them first.

    torchvision prefers a folder `processed` beside MNIST's files, which has no sums.
    """
    files = DATASETS[name].files

    def there() -> bool:
        return all((folder / file).is_file() for file in files)

    def checked() -> dict[str, bytes]:
        return {Path(file).name: _checked(folder / file, sum_) for file, sum_ in files.items()}

    with one_line(f"read {name} in {folder}"):
        if there() and not os.access(folder, os.W_OK):
            return checked()
        with suppress(InputError):
            if there():
                return checked()
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{name}.lock"):  # Another process may be writing the files.
            if not there():
                _download(name, folder)
            return checked()


def _checked(file: Path, wanted: str) -> bytes:
    """Read and check an official file; only checked bytes are parsed."""
    with one_line(f"read {file}"):
        content = file.read_bytes()
    got = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if got != wanted:
        raise InputError(
            f"{file}: corrupted, got MD5 {got}, wanted {wanted}; "
            "delete it to have it downloaded again"
        )
    return content


def _mnist(files: dict[str, bytes]) -> tuple[Arrays, Arrays]:
    """Read images and labels after headers of 16 and 8 bytes."""

    def part(name: str) -> Arrays:
        images = np.frombuffer(files[f"{name}-images-idx3-ubyte"], np.uint8, offset=16)
        labels = np.frombuffer(files[f"{name}-labels-idx1-ubyte"], np.uint8, offset=8)
        return images / np.float32(255), labels.astype(np.int64)

    return part("train"), part("t10k")


def _cifar10(files: dict[str, bytes]) -> tuple[Arrays, Arrays]:
    """Unpickle the batches; this is safe because their sums were checked."""

    def part(*names: str) -> Arrays:
        batches = [pickle.loads(files[name], encoding="latin1") for name in names]
        images = np.concatenate([batch["data"] for batch in batches])
        labels = np.concatenate([batch["labels"] for batch in batches])
        return images / np.float32(255), labels.astype(np.int64)

    return part(*(f"data_batch_{number}" for number in range(1, 6))), part("test_batch")


READERS = {"mnist": _mnist, "cifar10": _cifar10}


def _download(name: str, folder: Path) -> None:
    from torchvision import datasets

    kind = {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}[name]
    wanted = kind.__new__(kind)  # The constructor would also read the files.
    wanted.root = str(folder)
    usual = socket.getdefaulttimeout()
    try:
        socket.setdefaulttimeout(SILENCE)  # torchvision has no option for it.
        wanted.download()
    except (OSError, RuntimeError) as error:
        file, reason = next(iter(DATASETS[name].files)), " ".join(str(error).split())
        raise InputError(
            f"{name}: not in {folder} and could not be downloaded ({reason}); wanted a network, "
            f"or --data-dir or {DATA_DIR_VARIABLE} naming a folder that holds {file}"
        ) from error
    finally:
        socket.setdefaulttimeout(usual)
