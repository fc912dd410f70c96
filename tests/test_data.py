"""Data sets: what is loaded, how it is scaled, and what is refused."""

from __future__ import annotations

import shutil

import pytest
import torch

import gevb
from gevb import data


def test_digits():
    digits = gevb.load("digits")
    assert (len(digits.train), len(digits.test)) == (1437, 360)
    for split in (digits.train, digits.test):
        assert split.x.shape[1:] == (1, 8, 8)
        assert split.x.dtype == torch.float32
        assert (split.x.min(), split.x.max()) == (-1, 1)
        assert split.y.unique().tolist() == list(range(10))
    train = {tuple(x.flatten().tolist()) for x in digits.train.x}
    test = {tuple(x.flatten().tolist()) for x in digits.test.x}
    assert not train & test
    assert torch.equal(gevb.load("digits").test.x, digits.test.x)


@pytest.mark.parametrize(
    ("name", "sizes", "shape", "mean", "std"),
    [
        ("mnist", (60000, 10000), (1, 28, 28), [0.1307], [0.3081]),
        (
            "cifar10",
            (50000, 10000),
            (3, 32, 32),
            [0.4914, 0.4822, 0.4465],
            [0.2470, 0.2435, 0.2616],
        ),
    ],
)
def test_real_data(name, sizes, shape, mean, std, real_data):
    """Sizes and the means and deviations that everyone quotes, undone from [-1, 1]."""
    loaded = gevb.load(name, real_data(name))
    assert (len(loaded.train), len(loaded.test)) == sizes
    assert loaded.train.x.shape[1:] == shape
    pixels = loaded.train.x / 2 + 0.5
    assert pixels.mean((0, 2, 3)).tolist() == pytest.approx(mean, abs=1e-4)
    assert pixels.std((0, 2, 3)).tolist() == pytest.approx(std, abs=1e-4)
    assert loaded.test.y.bincount().min() >= 892  # The rarest MNIST digit; CIFAR-10 has 1,000.


def test_batches_keep_the_ragged_last_one():
    split = gevb.Split(torch.arange(10.0).reshape(10, 1, 1, 1), torch.arange(10) % 3, 3)
    assert [len(x) for x, _ in split.batches(4)] == [4, 4, 2]
    order = torch.tensor([3, 1, 2, 0, 9, 8, 7, 6, 5, 4])
    assert torch.cat([x for x, _ in split.batches(4, order)]).flatten().tolist() == order.tolist()
    assert torch.equal(torch.cat([y for _, y in split.batches(4, order)]), order % 3)


def test_unknown_dataset():
    with pytest.raises(gevb.InputError, match="dataset: got 'emnist', wanted one of"):
        gevb.load("emnist")


@pytest.mark.parametrize(
    ("images", "labels", "wanted"),
    [
        (0, [], "got 0 images and 0 labels"),
        (3, [0, 1], "got 3 images and 2 labels, wanted one label per image"),
        (2, [0, 2], "labels: got values from 0 to 2, wanted 0 to 1 for 2 classes"),
        (2, [-1, 1], "labels: got values from -1 to 1, wanted 0 to 1"),
    ],
)
def test_bad_splits(images, labels, wanted):
    with pytest.raises(gevb.InputError, match=wanted):
        gevb.Split(torch.zeros(images, 1, 2, 2), torch.tensor(labels, dtype=torch.long), 2)


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_download_that_fails(name, tmp_path, monkeypatch):
    from torchvision import datasets

    def no_network(self, *args, **kwargs):
        raise OSError("no route to host")

    for kind in (datasets.MNIST, datasets.CIFAR10):
        monkeypatch.setattr(kind, "download", no_network)
    wanted = f"{name}: not in .* could not be downloaded .no route to host.*--data-dir or GEVB_DATA"
    with pytest.raises(gevb.InputError, match=wanted):
        gevb.load(name, tmp_path)


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_download_is_torchvisions(name, tmp_path, monkeypatch, real_data):
    """Missing files are asked for through torchvision, in the folder of the environment."""
    from torchvision import datasets

    source, asked = real_data(name), []

    def copy(self, *args, **kwargs):
        asked.append(self.root)
        for file in data.FILES[name]:
            target = tmp_path / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / file, target)

    monkeypatch.setattr(
        {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}[name], "download", copy
    )
    monkeypatch.setenv("GEVB_DATA_DIR", str(tmp_path))
    assert len(gevb.load(name).test) == 10000
    assert [str(root) for root in asked] == [str(tmp_path)]


@pytest.mark.parametrize("damage", ["changed", "truncated"])
def test_corrupted_file(damage, tmp_path, real_data):
    shutil.copytree(real_data("mnist") / "MNIST", tmp_path / "MNIST")
    file = tmp_path / "MNIST/raw/t10k-images-idx3-ubyte"
    content = bytearray(file.read_bytes())
    content[5000] ^= 1
    file.write_bytes(content if damage == "changed" else content[:5000])
    with pytest.raises(
        gevb.InputError, match=r"t10k-images-idx3-ubyte: corrupted, got MD5 .*wanted"
    ):
        gevb.load("mnist", tmp_path)
