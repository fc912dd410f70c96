"""tools/notebooks.py, tools/repository.py and the bootstrap cell, in a project of their own."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module, metadata, util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[1]
README = "# Title\n\n<!-- repository:begin -->\n{}\n<!-- repository:end -->\n\nThe rest.\n"
URL = "https://github.com/someone/a-fork"
v4 = nbformat.v4


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the tools with a bootstrap cell that needs nothing; the working directory."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "tools/bootstrap.py").write_text('# ruff\n# Setup.\nREPOSITORY = ""\nprint("on")\n')
    (tmp_path / "book").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "tools")
    for name in ("notebooks", "repository"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import_module("repository").main([""])  # whatever address this checkout has
    yield tmp_path
    for name in ("notebooks", "repository"):
        sys.modules.pop(name, None)


@pytest.fixture
def tool(project) -> ModuleType:
    return import_module("notebooks")


def ran(source: str, count: int, *outputs: dict) -> nbformat.NotebookNode:
    return v4.new_code_cell(source, execution_count=count, outputs=list(outputs))


def printed(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return v4.new_output("stream", name=name, text=text)


def stored(tool: ModuleType, *cells: nbformat.NotebookNode) -> Path:
    """A normalised notebook on the disk that begins with the bootstrap cell."""
    first = ran(tool.bootstrap(""), 1, printed("on\n"))
    first.metadata["tags"] = tool.BOOTSTRAP_TAGS
    path = tool.ROOT / "book" / "a_chapter.ipynb"
    notebook = tool.normalised(v4.new_notebook(cells=[first, *cells]), "a-chapter")
    path.write_text(tool.text_of(notebook), encoding="utf-8")
    return path


def test_normal_form(tool):
    """A normal form keeps only what readers need, and its own normal form is itself."""
    widget = v4.new_output("display_data", data={tool.WIDGET_VIEW: {"model_id": "5f"}})
    cell = ran("work()", 1, printed("a"), printed("!", "stderr"), printed("b\n"), widget)
    cell.metadata = {"tags": ["hide-input"], "execution": {"iopub.execute_input": "now"}}
    notebook = v4.new_notebook(
        cells=[v4.new_markdown_cell("# Title", id="a-chapter-4"), cell],
        metadata={"language_info": {"name": "python", "version": "3.11.7"}, "widgets": {}},
    )
    once = tool.normalised(notebook, "a-chapter")
    assert once.metadata == tool.METADATA
    assert [c.id for c in once.cells] == ["a-chapter-4", "a-chapter-5"]
    assert once.cells[1].metadata == {"tags": ["hide-input"]}
    assert once.cells[1].outputs == [printed("ab\n")]
    assert tool.normalised(once, "a-chapter") == once


def test_execute_stores_and_repeats(tool):
    path = tool.ROOT / "book" / "a_chapter.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("print(6 * 7)")]), path)
    command = [sys.executable, "tools/notebooks.py", "execute", "book/a_chapter.ipynb"]
    texts = []
    for _ in range(2):
        subprocess.run(command, check=True, capture_output=True)
        texts.append(path.read_bytes())
    assert texts[0] == texts[1]
    setup, cell = json.loads(texts[0])["cells"]
    assert (setup["metadata"]["tags"], setup["outputs"][0]["text"]) == (
        tool.BOOTSTRAP_TAGS,
        ["on\n"],
    )
    assert (cell["execution_count"], cell["outputs"][0]["text"]) == (2, ["42\n"])
    assert list(tool.check(path)) == []


SOLUTION = """<details><summary>Solution</summary>

In words.

```python
{}
```

```text
stale
```

</details>

More."""


def test_execute_runs_solutions_where_they_stand_and_does_not_count_them(tool):
    cells = [
        v4.new_code_cell("x = 6"),
        v4.new_markdown_cell(SOLUTION.format("x *= 7\nprint(x)")),
        v4.new_code_cell("print(x)"),
    ]
    path = tool.ROOT / "book" / "a_chapter.ipynb"
    nbformat.write(v4.new_notebook(cells=cells), path)
    assert tool.execute(path) is None
    _, _, told, after = tool.read(path).cells
    assert told.source == SOLUTION.format("x *= 7\nprint(x)").replace("stale", "42")
    assert (after.execution_count, after.outputs[0].text) == (3, "42\n")
    assert list(tool.check(path)) == []


@pytest.mark.parametrize("code", ["1 + 1", "print('```')"])
def test_a_solution_prints_lines_and_nothing_else(tool, code):
    path = stored(tool, v4.new_markdown_cell(SOLUTION.format(code)))
    with pytest.raises(tool.Stop, match="a-chapter-2: the solution shows something else than"):
        tool.execute(path)


def test_execute_of_a_failing_cell_names_it_and_stores_nothing(tool):
    path = stored(tool, ran("1 / 0", 2))
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "tools/notebooks.py", "execute", path], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout == "book/a_chapter.ipynb cell 2: ZeroDivisionError: division by zero\n"
    assert path.read_bytes() == before


def test_execute_of_a_failing_solution_names_its_cell(tool):
    path = stored(tool, ran("x = 1", 2), v4.new_markdown_cell(SOLUTION.format("x / 0")))
    assert tool.execute(path) == "book/a_chapter.ipynb cell 3: ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("cell", "finding"),
    [
        (ran("x", 3), "cell 2: execution count 3 where 2 is due: run the notebook"),
        (ran("open('/tmp/x')", 2), "cell 2: a path of one machine in its source or outputs"),
        (ran("x", 2, printed("in\n/home/me/x")), "cell 2: a path of one machine in its source"),
        (ran(r"x = 'C:\Users\me'", 2), "cell 2: a path of one machine in its source or outputs"),
        (v4.new_markdown_cell("see /root/x"), "cell 2: a path of one machine in its source"),
        (
            ran("x", 2, printed("fits\n" + 81 * "x")),
            "cell 2: a printed line of 81 columns where 80 fit: xxx",
        ),
        (
            ran("x", 2, v4.new_output("error", ename="E", evalue="", traceback=[])),
            "cell 2: an error is stored as its output",
        ),
    ],
)
def test_check_finds(tool, cell, finding):
    (found,) = tool.check(stored(tool, cell))
    assert found.startswith(f"book/a_chapter.ipynb {finding}")


IGNORED = {"tags": ["nbval-ignore-output"]}


def apart(count: int, metadata: dict) -> nbformat.NotebookNode:
    return v4.new_code_cell("x", execution_count=count, metadata=metadata)


def test_what_is_not_compared_says_why_and_is_listed(tool, capsys):
    guess = {"uncompared": "a guess"}
    path = stored(tool, apart(2, IGNORED), apart(3, guess))
    assert [line.split(": ")[1] for line in tool.check(path)] == 2 * [
        "nbval does not compare a cell tagged nbval-ignore-output; its metadata, and no other's, "
        "say why"
    ]
    why = {**IGNORED, "uncompared": "a live widget"}
    path = stored(tool, apart(2, why), apart(3, why))
    assert tool.main(["check", str(path)]) == 0
    assert capsys.readouterr().out == "not compared, as a live widget: a-chapter-2, a-chapter-3\n"


def test_check_finds_stderr_another_bootstrap_cell_and_another_form(tool):
    path = stored(tool, ran("x", 2))
    path.write_text(path.read_text().replace("# Setup.", "# My own setup."))
    assert [line.split(": ")[1] for line in tool.check(path)] == [
        "the first code cell is not tools/bootstrap.py"
    ]
    notebook = tool.read(stored(tool, ran("x", 2)))
    notebook.cells[1].outputs = [printed("!", "stderr")]
    path.write_text(tool.text_of(notebook))
    assert [line.split(": ")[1] for line in tool.check(path)] == [
        "stderr is stored as its output",
        "not in its normal form",
    ]


HINT = v4.new_markdown_cell("<details><summary>Hint</summary>\n\nThink.\n\n</details>")
ASKS = ran("exercises.check_it(None)", 2, printed("Put your answer in.\n"))
SOLVES = v4.new_markdown_cell(
    SOLUTION.format("exercises.check_it(7)").replace("stale", "7\nRight. Seven.")
)


@pytest.mark.parametrize(
    ("cells", "findings"),
    [
        ([HINT, ASKS, SOLVES], []),
        ([ASKS, SOLVES], ["check_it: no folded hint before it"]),
        ([HINT, ASKS], ["check_it: no folded solution with a ```python block and, below it, "]),
        (
            [HINT, ASKS, v4.new_markdown_cell(SOLUTION.format("exercises.check_it(7)"))],
            ["check_it: no folded solution with a ```python block and, below it, "],
        ),
        (
            [HINT, ran("exercises.check_it(7)", 2, printed("Right. Seven.\n")), SOLVES],
            ["a-chapter-3: the solution lies open; fold it into a Markdown cell"],
        ),
    ],
)
def test_an_exercise_has_a_hint_and_a_folded_right_solution(tool, cells, findings):
    found = list(tool.check(stored(tool, *cells)))
    assert len(found) == len(findings)
    for line, finding in zip(found, findings, strict=True):
        assert line.startswith(f"book/a_chapter.ipynb {finding}")


def test_check_lets_addresses_pass(tool):
    text = "https://example.org/home/me and a/tmp/b, ../work/x"
    assert list(tool.check(stored(tool, ran(f"print({text!r})", 2, printed(text))))) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "none.ipynb"], "notebooks.py: none.ipynb: No such file or directory\n"),
        (["check", "_config.yml"], "notebooks.py: _config.yml: not a notebook\n"),
        (["chekc"], "notebooks.py: argument command: invalid choice: 'chekc'"),
    ],
)
def test_a_wrong_call_is_one_line_and_2(tool, capsys, arguments, message):
    try:
        code = tool.main(arguments)
    except SystemExit as leaving:
        code = leaving.code
    error = capsys.readouterr().err
    assert code == 2
    assert error.startswith(message)
    assert error.count("\n") == 1


def test_the_address_reaches_every_place_and_leaves_it_again(tool, project):
    repository = import_module("repository")
    path = stored(tool, ran("x", 2))
    (project / "README.md").write_text(README.format(repository.readme_block("")))
    (project / "CITATION.cff").write_text("cff-version: 1.2.0\n")
    files = [path, *(project / name for name in ("_config.yml", "README.md", "CITATION.cff"))]
    before = [file.read_bytes() for file in files]

    assert repository.main([URL + ".git"]) == 0
    assert tool.repository() == URL
    assert f'REPOSITORY = "{URL}"' in tool.read(path).cells[0].source
    assert list(tool.check(path)) == []
    readme = files[2].read_text()
    assert f"git clone {URL}\n" in readme
    assert "(https://colab.research.google.com/github/someone/a-fork/blob/main/book/" in readme
    assert files[3].read_text().endswith(f'repository-code: "{URL}"\n')

    assert repository.main(["file:///srv/gevb"]) == 0
    assert "colab" not in files[2].read_text()

    assert repository.main([""]) == 0
    assert [file.read_bytes() for file in files] == before


@pytest.mark.parametrize("url", ["nonsense", "https://github.com/me", URL + "/tree/main", 'x";y'])
def test_no_address_is_refused_halfway(project, capsys, url):
    before = (project / "_config.yml").read_bytes()
    with pytest.raises(SystemExit) as leaving:
        import_module("repository").main([url])
    assert leaving.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (project / "_config.yml").read_bytes() == before


def bootstrap_cell(url: str) -> str:
    text = (ROOT / "tools/bootstrap.py").read_text()
    assert 'REPOSITORY = ""' in text
    return text.replace('REPOSITORY = ""', f'REPOSITORY = "{url}"')


def test_bootstrap_without_package_and_address_says_what_to_do(tmp_path):
    command = [sys.executable, "-IS", "-c", bootstrap_cell("")]  # no installed packages
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("gevb is missing: ")
    assert done.stderr.count("\n") == 1


def test_without_a_network_the_wheel_is_found_and_what_is_missing_is_named(monkeypatch, tmp_path):
    """Again and again: the next run begins where this one did."""
    calls = []

    def run(command):
        calls.append(command[3:])
        return SimpleNamespace(returncode=int("-c" in command))

    monkeypatch.chdir(tmp_path)
    (tmp_path / "gevb-0.1.0-py3-none-any.whl").touch()
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    monkeypatch.setattr(metadata, "requires", lambda name: ["absent>=3", "torch", "not.here"])
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(SystemExit, match=r"^Missing: absent>=3, not\.here\. pip says above why"):
        exec(bootstrap_cell(""), {})
    install, _, uninstall = calls
    assert install == ["install", "-q", "--no-deps", "gevb-0.1.0-py3-none-any.whl"]
    assert uninstall == ["uninstall", "-qy", "gevb"]


# What Colab would have; the wishes are met by half of it.
PRESENT = {
    "gevb": "0.0",
    "torch": "2.1.0+cu130",
    "numpy": "1.9",
    "fitting": "5.24.1",
    "too-old": "5.23.9",
    "Any_Version": "0.1",
    "preview": "8.0rc1",
}
NEEDS = ["torch>=2.4", "numpy>=2", "any-version", "Not.Here"]
BOOK_NEEDS = ["fitting>=5.24", "too-old>=5.24", "preview>=7.7", "absent<3,>=1"]


def what_pip_is_asked(monkeypatch, present: dict[str, str]) -> list[list[str]]:
    """The arguments of each call of pip by a setup cell that meets these packages."""
    import_module("gevbook.plots")  # while plotly can still read its own version
    folder = {re.sub("[-_.]+", "-", name).lower(): value for name, value in present.items()}

    def version(name: str) -> str:
        if (found := folder.get(re.sub("[-_.]+", "-", name).lower())) is None:
            raise metadata.PackageNotFoundError(name)
        return found

    needs = [*NEEDS, *(f'{need}; extra == "book"' for need in BOOK_NEEDS), 'no; extra == "dev"']
    calls = []
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    monkeypatch.setattr(metadata, "requires", lambda name: needs)
    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(
        subprocess, "run", lambda call: calls.append(call[5:]) or SimpleNamespace(returncode=0)
    )
    exec(bootstrap_cell(URL), {})
    return calls


def test_bootstrap_installs_what_is_missing_or_too_old_and_pins_torch(monkeypatch, capsys):
    package, (flag, pins, *wanted) = what_pip_is_asked(monkeypatch, PRESENT)
    assert package == ["--no-deps", f"git+{URL}"]
    assert (flag, wanted) == ("-c", ["Not.Here", "too-old>=5.24", "absent<3,>=1"])
    assert Path(pins).read_text().split() == ["torch==2.1.0+cu130", "numpy==1.9"]
    assert capsys.readouterr().out.startswith("gevb 0.0 ready: Python 3.")


def test_bootstrap_leaves_alone_what_fits(monkeypatch):
    fitting = {"not-here": "1", "too-old": "5.24", "absent": "2.9"}
    (package,) = what_pip_is_asked(monkeypatch, PRESENT | fitting)
    assert package == ["--no-deps", f"git+{URL}"]


def test_bootstrap_fetches_torch_only_where_there_is_none(monkeypatch):
    bare = {name: v for name, v in PRESENT.items() if name != "torch"}
    _, (_, pins, *wanted) = what_pip_is_asked(monkeypatch, bare)
    assert wanted[0] == "torch>=2.4"
    assert Path(pins).read_text() == "numpy==1.9"


# ------------------------------------------------------------------- the workflow of a fork


def git(folder: Path, *what: str) -> str:
    command = ["git", "-c", "user.name=A reader", "-c", "user.email=reader@example.org", *what]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_a_fork_records_its_address_once(tool, project, tmp_path_factory, monkeypatch):
    """The workflow's own lines, in a clone whose origin is a folder."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    workflow = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text())
    job = workflow["jobs"]["address"]
    assert job["if"] == "github.ref == 'refs/heads/main'"
    (step,) = (s for s in job["steps"] if s.get("name") == "Record the address")
    assert step["env"] == {"URL": "${{ github.server_url }}/${{ github.repository }}"}

    chapter = stored(tool, ran("x", 2))
    readme = README.format(import_module("repository").readme_block(""))
    (project / "README.md").write_text(readme)
    (project / "CITATION.cff").write_text("cff-version: 1.2.0\n")
    shutil.copy(ROOT / ".gitignore", project)
    git(project, "init", "--quiet", "--initial-branch", "main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "First")
    folder = tmp_path_factory.mktemp("fork")
    origin = folder / "origin.git"
    git(folder, "clone", "--quiet", "--bare", str(project), str(origin))

    def pushed(name: str, url: str) -> tuple[Path, str]:
        """The checkout in which the lines ran, and the commit that main is at then."""
        clone = folder / name
        git(folder, "clone", "--quiet", str(origin), name)
        monkeypatch.setenv("URL", url)
        subprocess.run(["bash", "-e", "-c", step["run"]], cwd=clone, check=True)
        return clone, git(origin, "rev-parse", "main")

    first = git(origin, "rev-parse", "main")
    clone, second = pushed("set", URL)
    assert git(origin, "log", "--format=%an: %s", "main").splitlines() == [
        f"github-actions[bot]: This repository lives at {URL}",
        "A reader: First",
    ]
    changed = git(origin, "diff", "--name-only", first.strip(), "main").split()
    assert changed == ["CITATION.cff", "README.md", "_config.yml", "book/a_chapter.ipynb"]
    source = tool.read(clone / chapter.relative_to(project)).cells[0].source
    assert f'REPOSITORY = "{URL}"' in source

    assert pushed("again", URL)[1] == second

    # A notebook that is not in its normal form is no reason for a commit either.
    text = (clone / "book/a_chapter.ipynb").read_text()
    (clone / "book/a_chapter.ipynb").write_text(text + "\n")
    git(clone, "commit", "--quiet", "--all", "--message", "A blank line")
    git(clone, "push", "--quiet", "origin", "HEAD:main")
    third = git(origin, "rev-parse", "main")
    assert third != second
    assert pushed("untidy", URL)[1] == third

    pushed("moved", URL + "-of-it")
    assert git(origin, "rev-list", "--count", "main").strip() == "4"
    assert f'url: "{URL}-of-it"' in git(origin, "show", "main:_config.yml")
