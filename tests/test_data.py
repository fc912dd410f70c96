"""Data sets: what is loaded, how it is scaled, and what is refused."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import numpy as np
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


@pytest.fixture(scope="module")
def loaded(real_data):
    """A real data set, read once."""

    @cache
    def loaded(name):
        both = gevb.load(name, real_data(name))
        return both.train, both.test

    return loaded


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
def test_real_data(name, sizes, shape, mean, std, loaded):
    """Sizes and the means and deviations that everyone quotes, undone from [-1, 1]."""
    train, test = loaded(name)
    assert (len(train), len(test)) == sizes
    assert train.x.shape[1:] == shape
    pixels = train.x / 2 + 0.5
    assert pixels.mean((0, 2, 3)).tolist() == pytest.approx(mean, abs=1e-4)
    assert pixels.std((0, 2, 3)).tolist() == pytest.approx(std, abs=1e-4)
    assert test.y.bincount().min() >= 892  # The rarest MNIST digit; CIFAR-10 has 1,000.


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
    def no_network(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    wanted = f"{name}: not in .* could not be downloaded .*no route.*--data-dir or GEVB_DATA_DIR"
    with pytest.raises(gevb.InputError, match=wanted) as caught:
        gevb.load(name, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_download_is_torchvisions(name, tmp_path, monkeypatch, real_data):
    """Missing files are asked for through torchvision, in the folder of the environment."""
    from torchvision import datasets

    source, asked = real_data(name), []

    def copy(self, *args, **kwargs):
        asked.append(self.root)
        for file in data.DATASETS[name].files:
            target = tmp_path / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / file, target)

    monkeypatch.setattr(
        {"mnist": datasets.MNIST, "cifar10": datasets.CIFAR10}[name], "download", copy
    )
    monkeypatch.setenv("GEVB_DATA_DIR", str(tmp_path))
    assert len(gevb.load(name).test) == 10000
    assert [str(root) for root in asked] == [str(tmp_path)]


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_images_and_labels_are_those_of_the_files(name, loaded, real_data):
    """Read by hand, without torchvision: order, orientation, channels and labels."""
    files = READERS[name](real_data(name))
    for split, (images, labels) in zip(loaded(name), files, strict=True):
        pixels = ((split.x[:100] / 2 + 0.5) * 255).round().to(torch.uint8)
        assert torch.equal(pixels, torch.from_numpy(images[:100].copy()))
        assert split.y[:100].tolist() == list(labels[:100])


def read_mnist(folder):
    for part in ("train", "t10k"):
        raw = folder / "MNIST" / "raw"
        images = np.fromfile(raw / f"{part}-images-idx3-ubyte", np.uint8)[16:]
        labels = np.fromfile(raw / f"{part}-labels-idx1-ubyte", np.uint8)[8:]
        yield images.reshape(-1, 1, 28, 28), labels


def read_cifar10(folder):
    for part in ("data_batch_1", "test_batch"):
        with open(folder / "cifar-10-batches-py" / part, "rb") as stream:
            batch = pickle.load(stream, encoding="latin1")
        yield batch["data"].reshape(-1, 3, 32, 32), batch["labels"]


READERS = {"mnist": read_mnist, "cifar10": read_cifar10}


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
@pytest.mark.parametrize("damage", ["changed", "truncated", "unreadable"])
def test_corrupted_file(name, damage, tmp_path, monkeypatch):
    """On made-up files, so that it runs everywhere."""
    sums = {}
    for number, file in enumerate(data.DATASETS[name].files):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(bytes([number]) * 1000)
        sums[file] = hashlib.md5(bytes([number]) * 1000).hexdigest()
    monkeypatch.setitem(data.DATASETS, name, replace(data.DATASETS[name], files=sums))
    file = tmp_path / list(sums)[1]
    if damage == "unreadable":

        def refuse(*args, **kwargs):
            raise PermissionError(13, "Permission denied", str(file))

        monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
        file = tmp_path / next(iter(sums))
        wanted = f"cannot read {file}: Permission denied"
    else:
        file.write_bytes(b"x" + file.read_bytes()[1:] if damage == "changed" else b"")
        wanted = f"{file}: corrupted, got MD5 .*, wanted {sums[list(sums)[1]]}; delete it"
    with pytest.raises(gevb.InputError, match=wanted):
        gevb.load(name, tmp_path)


def official(tmp_path, monkeypatch, name):
    """Small files of a data set, with sums that are right."""
    if name == "mnist":
        content = {
            file: bytes(16) + bytes([7]) * 784 * 2 if "images" in file else bytes(8) + bytes([3, 5])
            for file in data.DATASETS[name].files
        }
    else:
        batch = pickle.dumps({"data": np.full((2, 3072), 7, np.uint8), "labels": [3, 5]})
        content = dict.fromkeys(data.DATASETS[name].files, batch)
    for file, what in content.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(what)
    sums = {file: hashlib.md5(what).hexdigest() for file, what in content.items()}
    monkeypatch.setitem(data.DATASETS, name, replace(data.DATASETS[name], files=sums))


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
@pytest.mark.parametrize("other", ["tensors", "empty", "pickle"])
def test_what_was_checked_is_what_is_read(name, other, tmp_path, monkeypatch):
    """torchvision would prefer MNIST's folder `processed`, of which nobody knows a sum."""
    official(tmp_path, monkeypatch, name)
    for part in ("training.pt", "test.pt"):
        file = tmp_path / "MNIST" / "processed" / part
        file.parent.mkdir(parents=True, exist_ok=True)
        if other == "tensors":
            torch.save((torch.zeros(50, 28, 28).byte(), torch.zeros(50).long()), file)
        else:
            file.write_bytes(b"" if other == "empty" else pickle.dumps(print))
    loaded = gevb.load(name, tmp_path)
    assert len(loaded.test) == 2
    assert len(loaded.train) == (2 if name == "mnist" else 10)
    assert loaded.train.y[:2].tolist() == loaded.test.y.tolist() == [3, 5]
    assert loaded.train.x.unique().tolist() == pytest.approx([2 * 7 / 255 - 1])
    assert loaded.train.x.shape[1:] == data.DATASETS[name].image_shape


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_processes_at_the_same_time_download_once(name, tmp_path, monkeypatch):
    """None of them reads what another one is still writing, nor calls it corrupted."""
    official(tmp_path, monkeypatch, name)
    files = [tmp_path / file for file in data.DATASETS[name].files]
    content = {file: file.read_bytes() for file in files}
    for file in files:
        file.unlink()
    downloads = []

    def slow(name, folder):
        downloads.append(name)
        for file, what in content.items():
            file.write_bytes(what[:3])
        time.sleep(0.2)  # They are all there, and none is whole.
        for file, what in content.items():
            file.write_bytes(what)

    monkeypatch.setattr("gevb.data._download", slow)

    def late(number):
        time.sleep(0.03 * number)
        return len(gevb.load(name, tmp_path).test)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(late, range(8))) == [2] * 8
    assert downloads == [name]


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_a_proxy_that_never_answers(name, tmp_path, monkeypatch):
    usual = socket.getdefaulttimeout()
    monkeypatch.setattr("gevb.data.SILENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for variable in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(variable, address)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setattr("urllib.request._opener", None)  # It remembers the proxies.
        wanted = f"{name}: not in .* could not be downloaded .*timed out"
        with pytest.raises(gevb.InputError, match=wanted) as caught:
            gevb.load(name, tmp_path)
    assert "\n" not in str(caught.value)
    assert socket.getdefaulttimeout() == usual


def test_processed_files_do_not_stand_for_missing_ones(tmp_path, monkeypatch):
    """They are downloaded, as if there was nothing."""

    def no_network(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    for part in ("training.pt", "test.pt"):
        file = tmp_path / "MNIST" / "processed" / part
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save((torch.zeros(50, 28, 28).byte(), torch.zeros(50).long()), file)
    with pytest.raises(
        gevb.InputError, match=r"mnist: not in .* could not be downloaded .*no route"
    ):
        gevb.load("mnist", tmp_path)


def test_digits_want_a_data_folder_that_is_there_or_none(tmp_path):
    with pytest.raises(gevb.InputError, match=r"data folder: got .*nowhere', wanted one that is"):
        gevb.load("digits", tmp_path / "nowhere")
    assert len(gevb.load("digits", tmp_path).test) == 360


@pytest.mark.parametrize("folder", ["", " ", "~nosuchuser/x", "a\0b"])
def test_data_folders_that_are_none(folder):
    with pytest.raises(gevb.InputError, match="data folder: got '"):
        gevb.load("mnist", folder)


def test_no_home(monkeypatch):
    def nobody(self):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("GEVB_DATA_DIR", raising=False)
    monkeypatch.setattr("pathlib.Path.expanduser", nobody)
    with pytest.raises(
        gevb.InputError, match=r"data folder: got .*gevb.*, wanted the name of a fol"
    ):
        gevb.load("mnist")
