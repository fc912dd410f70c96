"""Facts about the data sets: image shapes, classes, sizes and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_DIGITS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
_CIFAR10 = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


@dataclass(frozen=True)
class Facts:
    """Facts about a data set that need no loading.

    Attributes:
        title: name for readers.
        image_shape: (channels, height, width).
        class_names: by label.
        train, test: numbers of images.
        margin: difference in test error, in points, that counts as near in comparisons.
        files: paths where torchvision keeps the files, and their MD5 sums; none for bundled data.
    """

    title: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    train: int
    test: int
    margin: float
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)


#: The digits are scikit-learn's; the others are the paper's. CIFAR-10's sums are those that
#: torchvision checks too.
DATASETS: dict[str, Facts] = {
    "digits": Facts("digits", (1, 8, 8), _DIGITS, 1_437, 360, margin=1.0),
    "mnist": Facts(
        "MNIST",
        (1, 28, 28),
        _DIGITS,
        60_000,
        10_000,
        margin=0.3,
        files={
            "MNIST/raw/train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
            "MNIST/raw/train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
            "MNIST/raw/t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
            "MNIST/raw/t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
        },
    ),
    "cifar10": Facts(
        "CIFAR-10",
        (3, 32, 32),
        _CIFAR10,
        50_000,
        10_000,
        margin=1.0,
        files={
            "cifar-10-batches-py/data_batch_1": "c99cafc152244af753f735de768cd75f",
            "cifar-10-batches-py/data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "cifar-10-batches-py/data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "cifar-10-batches-py/data_batch_4": "634d18415352ddfa80567beed471001a",
            "cifar-10-batches-py/data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
            "cifar-10-batches-py/test_batch": "40351d587109b95175f43aff81a1287e",
            "cifar-10-batches-py/batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
        },
    ),
}
