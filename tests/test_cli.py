"""The command line: what it prints, and one line with exit status 2 for every mistake."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

import gevb
from gevb import cli
from gevb.lab.plan import PLAN
from gevb.lab.rates import Rate
from gevb.lab.records import read_record


def run(monkeypatch, capsys, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["gevb", *arguments])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    captured = capsys.readouterr()
    return stop.value.code or 0, captured.out, captured.err


def test_train(monkeypatch, capsys, tmp_path):
    arguments = ["train", "--epochs", "2", "--out", str(tmp_path / "run"), "--device", "cpu"]
    code, out, err = run(monkeypatch, capsys, *arguments)
    assert code == 0
    assert re.fullmatch(r"test error \d+\.\d\d % \(train error \d+\.\d\d %\) after 2 epochs\n", out)
    assert "batch" in err  # The progress bar, with the errors of the last evaluation.
    assert "after 0 epochs:" in err
    assert "test error" in err
    assert run(monkeypatch, capsys, *arguments, "--resume")[:2] == (0, out)


def test_flags_reach_the_configuration(monkeypatch, capsys, tmp_path):
    code, _, _ = run(
        monkeypatch, capsys, "train", "--arch", "conv", "--rule", "dfa", "--conventional",
        "--mixed-sign", "--epochs", "1", "--evaluate-every", "1", "--seed", "7",
        "--out", str(tmp_path),
    )  # fmt: skip
    assert code == 0
    written = (tmp_path / "record.json").read_text()
    for line in (
        '"arch": "conv"', '"rule": "dfa"', '"vectorized": false', '"nonnegative": false',
        '"epochs": 1', '"evaluate_every": 1', '"seed": 7',
    ):  # fmt: skip
        assert line in written


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--dataset", "svhn"], "'svhn' is not one of 'digits', 'mnist', 'cifar10'"),
        (["--arch", "rnn"], "'rnn' is not one of 'fc', 'conv', 'lc'"),
        (["--rule", "hebb"], "'hebb' is not one of 'bp', 'fa', 'dfa', 'gevb'"),
        (["--conventional"], "rule gevb: got a conventional network, wanted a vectorized one"),
        (["--epochs", "-3"], "-3 is not in the range x>=0"),
        (["--seed", "one"], "'one' is not a valid integer"),
        (["--device", "tpu"], "'tpu' is not one of 'auto', 'cpu', 'cuda'"),
        (["--speed", "9"], "No such option"),
    ],
)
def test_mistakes(arguments, wanted, monkeypatch, capsys, tmp_path):
    out = tmp_path / "run"
    code, printed, err = run(monkeypatch, capsys, "train", "--out", str(out), *arguments)
    assert code == 2
    assert printed == ""
    assert err.startswith("gevb: ")
    assert wanted in err
    assert err.count("\n") == 1
    assert not out.exists()


def test_missing_out(monkeypatch, capsys):
    code, _, err = run(monkeypatch, capsys, "train")
    assert code == 2
    assert "Missing option '--out'" in err


def test_mistakes_found_while_running(monkeypatch, capsys, tmp_path):
    arguments = ["train", "--epochs", "1", "--out", str(tmp_path / "run"), "--device", "cpu"]
    assert run(monkeypatch, capsys, *arguments)[0] == 0
    code, _, err = run(monkeypatch, capsys, *arguments)
    assert (code, err.splitlines()[-1].startswith("gevb: ")) == (2, True)
    assert "holds a run; --resume continues it" in err
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    code, _, err = run(monkeypatch, capsys, *arguments[:-1], "cuda", "--resume")
    assert code == 2
    assert "device: got 'cuda', which PyTorch does not have here" in err


def test_interrupt(monkeypatch, capsys, tmp_path):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("gevb.cli.train", interrupted)
    code, _, err = run(monkeypatch, capsys, "train", "--out", str(tmp_path))
    assert code == 130
    # click ends the line on which the terminal shows ^C.
    assert err == "\ngevb: interrupted; checkpoints stay, see --help to continue from them\n"


def test_without_arguments_the_help_is_shown(monkeypatch, capsys):
    code, _, err = run(monkeypatch, capsys)
    assert code == 2
    assert err.startswith("Usage: python -m gevb")


def one_line(monkeypatch, capsys, *arguments: str) -> str:
    """The one line that a mistake found while running gives."""
    code, out, err = run(monkeypatch, capsys, "train", "--device", "cpu", *arguments)
    lines = [line for line in err.splitlines() if "batch/s" not in line]
    assert (code, out, len(lines)) == (2, "", 1)
    assert lines[0].startswith("gevb: ")
    return lines[0]


def test_data_checkpoint_and_folder_mistakes_take_one_line(monkeypatch, capsys, tmp_path):
    def no_network(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    nowhere = str(tmp_path / "nowhere")
    line = one_line(
        monkeypatch, capsys, "--dataset", "mnist", "--data-dir", nowhere, "--out", nowhere + "/run"
    )
    assert f"not in {nowhere} and could not be downloaded" in line
    assert "--data-dir" in line
    (tmp_path / "file").write_text("")
    assert "is a file" in one_line(monkeypatch, capsys, "--out", str(tmp_path / "file"))
    (tmp_path / "checkpoint.pt").write_text("hello")
    line = one_line(monkeypatch, capsys, "--out", str(tmp_path), "--resume")
    assert "checkpoint.pt cannot be read, truncated or foreign" in line
    for blank in ("", "   "):
        line = one_line(monkeypatch, capsys, "--out", blank)
        assert line == f"gevb: out: got '{blank[:1]}', wanted the name of a folder"


def test_data_dir_is_used(monkeypatch, capsys, tmp_path):
    seen = []

    def load(name, data_dir, device):
        seen.append(data_dir)
        raise gevb.InputError("enough")

    monkeypatch.setattr("gevb.lab.runs.load", load)
    monkeypatch.setenv("GEVB_DATA_DIR", "there")
    for arguments in (["--data-dir", "here"], []):
        one_line(monkeypatch, capsys, "--out", str(tmp_path), *arguments)
    assert seen == ["here", "there"]


def test_help_teaches(monkeypatch, capsys):
    code, out, _ = run(monkeypatch, capsys, "train", "--help")
    assert code == 0
    for word in ("Examples:", "--resume", "checkpoint.pt", "GEVB_DATA_DIR"):
        assert word in out


def test_module_entry_point():
    done = subprocess.run(
        [sys.executable, "-m", "gevb", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"gevb, version {gevb.__version__}\n"


REPRODUCE = ("reproduce", "--dataset", "digits", "--only", "fc-*-nonnegative-dfa", "--seeds", "2")


@pytest.mark.usefixtures("quick_workers")
def test_reproduce_and_table(monkeypatch, capsys, tmp_path):
    arguments = (*REPRODUCE, "--epochs", "1", "--device", "cpu", "--out", str(tmp_path))
    code, out, err = run(monkeypatch, capsys, *arguments)
    assert code == 0
    first, *runs, last = out.splitlines()
    assert first == "2 runs wanted, 0 recorded, 2 to do"
    assert sorted(line.split(":")[0] for line in runs) == [
        f"digits-fc-conventional-nonnegative-dfa-1epochs-seed{seed}" for seed in (0, 1)
    ]
    assert last == "2 runs finished, 0 failed, 0 taken further, 0 left to another process"
    assert "2 of 2 runs" in err  # The bar.
    code, out, _ = run(monkeypatch, capsys, *arguments)
    assert (code, out.splitlines()[0]) == (0, "2 runs wanted, 2 recorded, 0 to do")
    code, out, _ = run(
        monkeypatch, capsys, "table", *REPRODUCE[1:], "--results", str(tmp_path / "results")
    )
    assert code == 0
    assert out.count("fc-conventional-nonnegative-dfa (epochs 1)") == 2  # Test and training error.
    assert "Train error (%)" in out
    assert "2 finished" in out
    assert "Claims" not in out


@pytest.mark.usefixtures("quick_workers")
def test_runs_are_taken_further(monkeypatch, capsys, tmp_path):
    arguments = (*REPRODUCE, "--epochs", "3", "--evaluate-every", "1", "--device", "cpu")
    arguments = (*arguments, "--out", str(tmp_path))
    code, out, _ = run(monkeypatch, capsys, *arguments, "--until", "2", "--dry-run")
    assert code == 0
    assert out.count(": epoch 0 to 2, ") == 2
    assert not list(tmp_path.iterdir())
    code, out, _ = run(monkeypatch, capsys, *arguments, "--until", "2")
    assert out.splitlines()[-1].startswith("0 runs finished, 0 failed, 2 taken further")
    results = ("--results", str(tmp_path / "results"))
    code, out, _ = run(monkeypatch, capsys, "table", *REPRODUCE[1:], *results)
    assert out.count("at epoch 2 of 3: ") == 2
    assert "2 under way" in out
    code, out, _ = run(monkeypatch, capsys, "table", *REPRODUCE[1:], *results, "--progress")
    assert code == 0
    assert "0 of 1 experiments done" in out
    code, out, _ = run(monkeypatch, capsys, *arguments)
    assert out.splitlines()[-1].startswith("2 runs finished")


def test_the_plan_can_be_seen_beforehand(monkeypatch, capsys, tmp_path):
    stages = (PLAN[0],)
    monkeypatch.setattr("gevb.cli.PLAN", stages)
    monkeypatch.setattr("gevb.lab.rates.measure", lambda *_: Rate(0.1, 1e12, None))
    code, out, _ = run(
        monkeypatch, capsys, "reproduce", "--plan", "--dry-run", "--out", str(tmp_path)
    )
    assert code == 0
    assert PLAN[0].why in out
    assert out.count(": epoch 0 to 190, ") == 8


def test_table_of_the_book(monkeypatch, capsys):
    code, out, _ = run(monkeypatch, capsys, "table", "--dataset", "cifar10")
    assert code == 0
    assert "cifar10-lc-conventional-mixed-bp" in out
    assert "32.32" in out
    assert "GEVB matches back-propagation in VNNs" in out


@pytest.mark.usefixtures("quick_workers")
def test_failed_runs_give_status_1(monkeypatch, capsys, tmp_path):
    folder = tmp_path / "checkpoints" / "digits-fc-conventional-nonnegative-dfa-1epochs-seed0"
    folder.mkdir(parents=True)
    (folder / "checkpoint.pt").write_text("damaged")
    code, out, err = run(
        monkeypatch, capsys, *REPRODUCE, "--epochs", "1", "--device", "cpu", "--out", str(tmp_path)
    )
    assert code == 1
    assert "seed0: FAILED: " in out
    assert "1 runs finished, 1 failed" in out
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["reproduce", "--only", "rnn"], "pattern: got 'rnn', which none of 72 experiments"),
        (["reproduce", "--seeds", "many"], "seeds: got 'many'"),
        (["reproduce", "--engine", "slurm"], "'slurm' is not one of 'local', 'ray'"),
        (["reproduce", "--jobs", "0"], "0 is not in the range x>=1"),
        (["table", "--only", "rnn"], "pattern: got 'rnn'"),
        (["table", "--against", "x"], "seeds: got 'x'"),
        (["table", "--results", ""], "results: got '', wanted the name of a folder"),
        (
            ["table", "--seeds", "9" * 26],
            "seeds: got '99999999999999999999999999', wanted a number",
        ),
        (["table", "--seeds", "2147483648"], "seeds: got 2147483648 by '2147483648', wanted 1 to"),
        (["table", "--against", "0-4294967295"], "seeds: got 4294967296 by '0-4294967295', wanted"),
        (["table", "--seeds", "9" * 5000], "seeds: got '9999"),
        (["reproduce", "--seeds", "2147483648"], "seeds: got 2147483648"),
        (["reproduce", "--seeds", "9" * 5000], "seeds: got '9999"),
        (["reproduce", "--gpus", "nan"], "gpus: got nan, wanted a number >= 0"),
        (["reproduce", "--gpus", "0.5"], "gpus: got 0.5 with engine local"),
        (["reproduce", "--out", " "], "out: got ' ', wanted the name of a folder"),
        (["reproduce", "--out", "x" * 300], "File name too long"),
        (["train", "--out", "x" * 300], "cannot use the folder"),
        (
            ["train", "--out", "run", "--data-dir", "nowhere"],
            "data folder: got 'nowhere', wanted one",
        ),
        (["train", "--out", "run", "--data-dir", "~nosuchuser/x"], "data_dir: got '~nosuchuser/x'"),
        (["train", "--out", "run", "--seed", "4294967296"], "seed: got 4294967296, wanted at most"),
        (["train", "--out", "run", "--epochs", "1" + "0" * 400], "epochs: got 1000"),
        (["embed", "run", "--data-dir", ""], "data_dir: got '', wanted the name of a folder"),
        (["embed", "x" * 300], "File name too long"),
        (["embed", "run", "--iterations", "9" * 30], "iterations: got 9"),
        (["table", "--results", "nowhere"], "results: got 'nowhere', wanted a folder"),
    ],
)
def test_mistakes_of_the_laboratory(arguments, wanted, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(monkeypatch, capsys, *arguments)
    assert code == 2
    assert err.startswith("gevb: ")
    assert wanted in err
    assert [line for line in err.splitlines() if "0batch" not in line] == [err.splitlines()[-1]]
    assert [f.name for f in tmp_path.glob("**/*") if f.is_file() and f.name != ".lock"] == []


def in_the_shell(line: str, **options) -> subprocess.CompletedProcess[str]:
    """A command line of its own process, `gevb` standing for the program."""
    program = f"{sys.executable} -m gevb"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["bash", "-c", line.replace("gevb", program, 1)],
        capture_output=True,
        text=True,
        env=environment,
        **options,
    )


TABLE = "gevb table --dataset digits --only fc-vectorized-nonnegative-gevb"
TRAIN = "gevb train --epochs 1 --device cpu --out"


def test_output_that_cannot_be_written():
    done = in_the_shell(f"{TABLE} > /dev/full")
    assert (done.returncode, done.stderr) == (2, "gevb: No space left on device\n")


def test_a_code_page_without_the_signs_of_a_table():
    """A code page of Windows; a sign that it lacks is printed as a question mark."""
    command = [sys.executable, "-m", "gevb", "table", "--dataset", "digits", "--only", "fc-"]
    environment = {**os.environ, "PYTHONIOENCODING": "tis-620", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert re.search(rb"digits-fc-vectorized-nonnegative-gevb +[0-9.]+ \? [0-9.]+", done.stdout)


def test_closed_streams(tmp_path):
    """The files of a run must not get the numbers of the streams."""
    done = in_the_shell(f"{TRAIN} {tmp_path / 'a'} 2>&-")
    assert (done.returncode, done.stdout.count("test error")) == (0, 1)
    done = in_the_shell(f"{TRAIN} {tmp_path / 'b'} >&- 2>&-")
    assert done.returncode == 0
    one, other = (read_record(tmp_path / name / "record.json").history for name in "ab")
    assert one == other


def test_deleted_working_folder(tmp_path):
    (tmp_path / "gone").mkdir()
    for command in ("train --epochs 0 --out run", "reproduce --dataset digits --dry-run"):
        done = in_the_shell(f"rmdir {tmp_path / 'gone'}; gevb {command}", cwd=tmp_path / "gone")
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1  # PyTorch's, where it is linked with MKL.
        (tmp_path / "gone").mkdir()


def test_any_error_of_the_system_takes_one_line(monkeypatch, capsys, tmp_path):
    def refused(*args, **kwargs):
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr("gevb.cli.train", refused)
    code, _, err = run(monkeypatch, capsys, "train", "--out", str(tmp_path))
    assert (code, err) == (2, "gevb: /somewhere: Permission denied\n")
