"""The playground: a page on which networks learn in the reader's browser.

Its scripts compute the same as `gevb` (`tests/test_playground.py` compares them by value). The
drawings shown before they run, or without scripts, are made here by the same files in node. The
guided tasks take their numbers from data/playground/discoveries.json.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

import gevb
from gevb.lab.records import read_values

from .landing import Html
from .libraries import ASSETS, NODE, serve

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = ASSETS / "playground"
#: Each file defines one module, a function; earlier ones may be its arguments.
MODULES = ("random", "network", "initial", "data", "learn", "state", "draw", "worker")
RECORDED = Path(__file__).parents[2] / "data" / "playground"
DISCOVERIES, KERNELS = RECORDED / "discoveries.json", RECORDED / "kernels.json"
PAGE, KERNELS_PAGE = "book/playground", "book/kernels"
EPOCHS = 3  # of the network that is drawn while the book is built
LEVELS = "0123456789abcdefg"  # of a pixel
ALT = (
    "The network with one test example: the picture on the left, its layers of units with bars for "
    "what they say and what they receive, and how sure it is of each class."
)

# Program for the drawings without scripts: two runs from equal weights, and the first's network.
STILL = """
const Random = randomModule(), Networks = networkModule(), Initial = initialModule(Random);
const Data = dataModule(Random), State = stateModule(), Draw = drawModule();
const { Run } = learnModule(Random, Networks, Initial);
const { packed, epochs } = JSON.parse(require("fs").readFileSync(0));
const data = Data.digits({ ...packed, labels: [...packed.labels].map(Number) });
const state = State.defaults({});
const runs = [state.rule, state.vs].map((rule) => new Run(State.settings(state, rule), data));
for (const run of runs) while (run.epoch < epochs) { run.step(); if (run.due) run.evaluate(); }
const [{ network, fixed }] = runs, x = data.test.x.subarray(0, 64), label = data.test.y[0];
const learnt = Networks.learn(network, state.rule, fixed, x, [label], 1);
const p = [...Networks.softmax(learnt.trace.logits, 1)];
const scene = Draw.network({ network, fixed, rule: state.rule, x, learnt, p, label,
  names: data.names, stage: "all", width: 760 });
const curves = Draw.curves(runs.map((run, n) => ({ rule: [state.rule, state.vs][n],
  points: run.curve, kind: n ? "beside" : "" })), 420);
console.log(JSON.stringify({ scene, curves, errors: runs.map((run) => run.curve.at(-1).test) }));
"""


def packed_digits() -> dict[str, Any]:
    """Pack the digits of `gevb.load`: 17 levels, a letter per pixel, runs of zeros as A to Z."""
    data = gevb.load("digits")
    parts = (data.train, data.test)
    levels = [int(v) for part in parts for v in ((part.x.flatten() + 1) * 8).round().tolist()]
    pixels = re.sub(
        "0{2,27}", lambda run: chr(63 + len(run[0])), "".join(LEVELS[v] for v in levels)
    )
    labels = "".join(str(label) for part in parts for label in part.y.tolist())
    return {"pixels": pixels, "labels": labels, "tests": len(data.test)}


def in_node(program: str, values: dict[str, Any]) -> Any:
    """Run a program in node with the pages' own files and some values; return what it prints."""
    script = "\n".join((FOLDER / f"{name}.js").read_text("utf-8") for name in MODULES) + program
    done = subprocess.run(
        [NODE, "-e", script],
        input=json.dumps(values),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return json.loads(done.stdout)


def still(packed: dict[str, Any]) -> dict[str, Any]:
    """Draw the network after some epochs and its curves."""
    return dict(in_node(STILL, {"packed": packed, "epochs": EPOCHS}))


def playground() -> str:
    """Assemble the page's controls, and its drawings for use without scripts."""
    packed = packed_digits()
    drawn = still(packed)
    ours, beside = drawn["errors"]
    return Template((FOLDER / "playground.html").read_text("utf-8")).substitute(
        alt=ALT,
        scene=drawn["scene"],
        curves=drawn["curves"],
        epochs=EPOCHS,
        told=f"After {EPOCHS} epochs: test error {ours:.1f} % under GEVB, {beside:.1f} % under "
        "back-propagation from the same weights.",
        digits=json.dumps(packed, separators=(",", ":")),
    )


COLUMN = """<section class="column"><h2>Network</h2>
<div class="pair"><div class="heard" role="img" aria-label="Feedback over the picture"></div>
<div>
<canvas class="first-kernels" role="img" aria-label="Kernels of the first convolution"></canvas>
<canvas class="second-kernels" role="img" aria-label="Kernels of the second convolution"></canvas>
</div></div>
<p class="words"></p>
<h3>Test error: kernels trained solid, frozen dashed</h3>
<p class="ends"></p>
<div class="curves" role="application" tabindex="0" aria-label="Test errors over epochs"></div>
<h3>Angle to the gradient, by layer</h3>
<div class="angles" role="img" aria-label="Angles over epochs"></div></section>"""


def kernels() -> str:
    """Assemble the page on trained and frozen kernels; scripts make its drawings."""
    return Template((FOLDER / "kernels.html").read_text("utf-8")).substitute(
        columns="\n".join([COLUMN] * 3),
        digits=json.dumps(packed_digits(), separators=(",", ":")),
    )


def _spread(values: Sequence[float], digits: int = 1) -> str:
    """Format mean and standard deviation over the seeds."""
    return f"{statistics.mean(values):.{digits}f} ± {statistics.stdev(values):.{digits}f}"


class Task(NamedTuple):
    """A guided task: where it is set up and how, what is asked, and what should be seen."""

    title: str
    page: str
    settings: str
    question: str
    seen: str

    def address(self, uri: str) -> str:
        """Return a link with the settings to the page at `uri`."""
        return f"{uri}#{self.settings}"


class Discoveries:
    """Guided tasks, with values measured over ten seeds."""

    def __init__(self, recorded: dict[str, Any], kernels: KernelResults) -> None:
        self.recorded, self.kernels = recorded, kernels
        self.epochs: list[int] = recorded["epochs"]

    def run(self, name: str, **wanted: Any) -> list[dict[str, Any]]:
        """Return the records of one setting, one per seed."""
        (found,) = (
            run["seeds"]
            for run in self.recorded["runs"][name]
            if all(run[key] == value for key, value in wanted.items())
        )
        return list(found)

    def errors(self, name: str, **wanted: Any) -> str:
        """Format test errors after some epochs, as 34.7 ± 5.1 / 4.6 ± 0.8 / 3.5 ± 0.6 %."""
        seeds = self.run(name, **wanted)
        columns = ([seed["errors"][n] for seed in seeds] for n in range(len(self.epochs)))
        return " / ".join(map(_spread, columns)) + " %"

    def shares(self, nonnegative: bool, size: str) -> str:
        """Format shares of equal signs before training, by layer."""
        rows = [s[size] for s in self.recorded["signs"] if s["nonnegative"] == nonnegative]
        return ", ".join(
            "100" if set(column) == {100.0} else _spread(column)
            for column in zip(*rows, strict=True)
        )

    def angle(self, when: int) -> str:
        """Format the mixed-sign network's angle in layer 1 under GEVB, before or after training."""
        seeds = self.run("signs", rule="gevb")
        return _spread([seed["angles"][when][0] for seed in seeds], 0) + "°"

    def apart(self, optimizer: str) -> str:
        """Format the largest difference between the test errors of GEVB and DFA from one seed."""
        both = (self.run("scale", rule=rule, optimizer=optimizer) for rule in ("gevb", "dfa"))
        ours, theirs = ([error for seed in seeds for error in seed["errors"]] for seeds in both)
        return f"{max(abs(a - b) for a, b in zip(ours, theirs, strict=True)):.1f}"

    def tasks(self) -> list[Task]:
        """Return the tasks in order."""
        after = "after " + ", ".join(map(str, self.epochs[:-1])) + f" and {self.epochs[-1]} epochs"
        sgd = self.recorded["runs"]["scale"][-1]["rate"]
        return [
            Task(
                "One message nearly suffices",
                PAGE,
                "data=digits&net=vnn&rule=gevb&vs=bp",
                "In a VNN all units receive the same vector under GEVB, and each receives its own "
                "under back-propagation. How far apart will the two curves be?",
                f"Test errors {after}: GEVB {self.errors('nearly', rule='gevb')}, "
                f"BP {self.errors('nearly', rule='bp')}. BP stays a little ahead.",
            ),
            Task(
                "At the start, the signs carry it; then it aligns itself",
                PAGE,
                "data=digits&net=mixed&rule=gevb&vs=bp",
                "The same broadcast, but the weights may be negative: now nothing promises the "
                "right signs. Look at the shares of equal signs before you press Play. Will it "
                "learn?",
                "At first about as many signs are right as by tossing coins: "
                f"{self.shares(False, 'one')} % in the layers from first to output, for one image "
                f"(in a VNN {self.shares(True, 'one')} %). GEVB is slow, and yet it learns: "
                f"{self.errors('signs', rule='gevb')} {after}, against "
                f"{self.errors('signs', rule='bp')} for BP. Meanwhile the angle in the first layer "
                f"falls from {self.angle(0)} to {self.angle(-1)}: the network comes to meet the "
                "message.",
            ),
            Task(
                "The promise is for each example",
                PAGE,
                "data=digits&net=vnn&rule=gevb&vs=none&signs=batch",
                "In a VNN no update of a single example opposes the gradient. Does a batch, the "
                "sum of such updates, keep that promise? Switch between one example and a batch.",
                "Before training, of the updates that have a gradient these shares have its sign, "
                f"layer by layer: {self.shares(True, 'one')} % for one image, "
                f"{self.shares(True, 'batch')} % for a batch of {self.recorded['batch']}. Examples "
                "with different numbers for the same unit can outvote each other in the gradient "
                "and not in the update.",
            ),
            Task(
                "Random feedback has to wait",
                PAGE,
                "data=digits&net=ordinary&rule=dfa&vs=bp",
                "An ordinary network. Each unit receives a fixed random mix of the errors (DFA). "
                "How many epochs until it gets nine of ten digits right?",
                f"Test errors {after}: DFA {self.errors('random', rule='dfa')}, BP "
                f"{self.errors('random', rule='bp')}. Most seeds have not got there by epoch "
                f"{self.epochs[-1]}; watch the angle begin to fall from 90°.",
            ),
            Task(
                "Adam hides the scale",
                PAGE,
                f"data=digits&net=vnn&rule=gevb&vs=dfa&opt=sgd&rate={sgd}",
                "In a VNN, DFA sends each unit the error vector times a random number that never "
                "changes. Adam rescales every weight's step by itself. When will DFA and GEVB "
                "part: under Adam, under plain SGD, or both? This link is SGD; then choose Adam.",
                f"Under Adam the two are all but one: their test errors {after} never differ by "
                f"more than {self.apart('adam')} points from one seed. Under SGD (rate {sgd}) they "
                f"do, by up to {self.apart('sgd')}: GEVB "
                f"{self.errors('scale', rule='gevb', optimizer='sgd')}, DFA "
                f"{self.errors('scale', rule='dfa', optimizer='sgd')}.",
            ),
            Task(
                "Does training the kernels help?",
                KERNELS_PAGE,
                "dfa=conventional",
                "Convolutions on the same digits: three networks learn whole, and each has a twin "
                "whose kernels stay as they were drawn. For which of the rules does training the "
                "kernels help? Then switch DFA to a VNN, where its random numbers are never "
                "negative.",
                self.kernels.told(),
            ),
        ]

    def html(self) -> str:
        """Format the tasks as a list for the playground's page."""
        items = "".join(
            f"<li><p><strong>{title}.</strong> {question}</p>"
            f'<p><a href="{escape(address)}">Set it up</a></p>'
            f"<details><summary>What you should have seen</summary><p>{seen}</p></details></li>"
            for task in self.tasks()
            for title, _, _, question, seen in [task]
            for address in [
                task.address("" if task.page == PAGE else f"{Path(task.page).name}.html")
            ]
        )
        return f'<ol class="discoveries">{items}</ol>'

    def titles(self, uri: Callable[[str], str], first: int, last: int) -> str:
        """Format some titles and questions, each with a link; `uri` gives a page's address."""
        items = "".join(
            f'<li><a href="{escape(task.address(uri(task.page)))}">{task.title}</a>: '
            f"{task.question}</li>"
            for task in self.tasks()[first - 1 : last]
        )
        return f'<ol start="{first}">{items}</ol>'


#: The rows of the table on kernels, by the names in the record.
ROWS = {
    "dfa": "DFA in a conventional network",
    "gevb": "GEVB in a VNN",
    "bp": "back-propagation in a conventional network",
    "dfa in a vnn": "DFA in a VNN",
    "gevb, mixed signs": "GEVB in a vectorized network of mixed signs",
    "dfa, mixed signs": "DFA in a vectorized network of mixed signs",
}


class KernelResults:
    """Trained against frozen kernels over ten seeds, as `tools/discoveries.py` recorded them."""

    def __init__(self, recorded: dict[str, Any]) -> None:
        self.runs = {run["name"]: run for run in recorded["runs"]}

    def last(self, name: str, side: str) -> list[float]:
        """Return the test errors after the last epoch, by seed."""
        return [errors[-1] for errors in self.runs[name][side]]

    def spread(self, name: str, side: str) -> str:
        """Return mean and standard deviation."""
        return _spread(self.last(name, side))

    def better(self, name: str) -> int:
        """Count the seeds in which training the kernels lowered the error."""
        sides = (self.last(name, side) for side in ("trained", "frozen"))
        return sum(trained < frozen for trained, frozen in zip(*sides, strict=True))

    def told(self) -> str:
        """Compare trained with frozen kernels, rule by rule."""
        sides = "; ".join(
            f"{self.title(name)}: {self.spread(name, 'trained')} % trained against "
            f"{self.spread(name, 'frozen')} % frozen, better in {self.better(name)} of "
            f"{len(self.last(name, 'trained'))} seeds"
            for name in ("dfa", "gevb", "bp", "dfa in a vnn", "dfa, mixed signs")
        )
        return f"Test errors after {len(self.runs['dfa']['trained'][0])} epochs. {sides}."

    def title(self, name: str) -> str:
        """Return a row's heading."""
        kind, _, change = name.partition(", ")
        return ROWS[name] if name in ROWS else f"{ROWS[kind]}, {change}"

    def chart(self) -> str:
        """Draw both errors of every seed, a row for each rule: frozen hollow, trained filled."""
        left, scale, step = 12, 5.5, 50  # units of the drawing: margin, a point of error, a row
        names = [name for name in self.runs if "one convolution" not in name]
        low = 8 + step * len(names)
        marks = range(0, 61, 20)
        parts = [
            f'<path class="grid" d="M{left + scale * x:g} 8V{low}"/>'
            f'<text x="{left + scale * x:g}" y="{low + 18}" text-anchor="middle">{x} %</text>'
            for x in marks
        ]
        for n, name in enumerate(names):
            y = 8 + step * (n + 0.65)
            rule = self.runs[name]["rule"]
            dots = "".join(
                f'<circle class="{side}" cx="{left + scale * error:.0f}" cy="{y + by:g}" r="4"/>'
                for side, by in (("frozen", -5), ("trained", 5))
                for error in self.last(name, side)
            )
            parts.append(
                f'<text x="{left}" y="{y - 16:g}">{self.title(name)}</text>'
                f'<g data-rule="{rule}">{dots}</g>'
            )
        return (
            f'<figure class="kernel-chart"><svg viewBox="0 0 365 {low + 24}" role="img">'
            f"<title>{self.told()}</title>{''.join(parts)}</svg><figcaption>Test error after "
            f"{len(self.runs['dfa']['trained'][0])} epochs, a circle a seed: kernels frozen "
            "(hollow, above) and trained (filled, below).</figcaption></figure>"
        )

    def html(self) -> str:
        """Format a table."""
        seeds = len(next(iter(self.runs.values()))["trained"])
        rows = "".join(
            f"<tr><td>{self.title(name)}</td><td>{self.spread(name, 'trained')}</td>"
            f"<td>{self.spread(name, 'frozen')}</td><td>{self.better(name)} of {seeds}</td></tr>"
            for name in self.runs
        )
        heads = ("", "kernels trained", "kernels frozen", "seeds in which training helps")
        cells = "".join(f'<th scope="col">{head or "rule and network"}</th>' for head in heads)
        return f'<table class="table"><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>'


def kernel_results() -> KernelResults:
    """Read the recorded measurements."""
    return KernelResults(read_values(KERNELS, "gevb kernels"))


def discoveries() -> Discoveries:
    """Read the recorded measurements."""
    return Discoveries(read_values(DISCOVERIES, "gevb discoveries"), kernel_results())


class _Page(Html):
    """HTML that needs the playground's scripts and style."""

    kind = "playground-html"


class Playground(_Page):
    """``{playground}``: see `playground`."""

    def html(self) -> str:
        """Return `playground`."""
        return playground()


class KernelsPage(_Page):
    """``{kernels}``: see `kernels`."""

    def html(self) -> str:
        """Return the page's HTML."""
        return kernels()


class KernelTable(_Page):
    """``{kernel-results}``: see `KernelResults`."""

    def html(self) -> str:
        """Return the table."""
        return kernel_results().html()


class KernelChart(_Page):
    """``{kernel-chart}``: see `KernelResults.chart`."""

    def html(self) -> str:
        """Return the drawing."""
        return kernel_results().chart()


class DiscoveryList(_Page):
    """``{discoveries}``: see `Discoveries`."""

    def html(self) -> str:
        """Return the guided tasks."""
        return discoveries().html()


class DiscoveryTitles(Html):
    """``{discovery-titles} FIRST LAST``: tasks on another page, see `Discoveries.titles`."""

    kind = "discovery-titles"
    required_arguments = 2

    def html(self) -> str:
        """Return a list of links."""
        builder, here = self.env.app.builder, self.env.docname
        first, last = map(directives.positive_int, self.arguments)
        return discoveries().titles(lambda page: builder.get_relative_uri(here, page), first, last)


class SettingsInLinks(SphinxPostTransform):
    """Links such as playground.md#net=vnn&rule=gevb name settings, not a heading."""

    default_priority = 5  # before MyST looks for the heading

    def run(self, **kwargs: object) -> None:
        """Turn them into plain links to the page."""
        for node in list(self.document.findall(addnodes.pending_xref)):
            settings = node.get("reftargetid") or ""
            if "=" in settings:
                uri = self.app.builder.get_relative_uri(self.env.docname, node["reftarget"])
                link = nodes.reference("", "", refuri=f"{uri}#{settings}", internal=True)
                link += [child.deepcopy() for child in node.children]
                node.replace_self(link)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    app.add_directive("playground", Playground)
    app.add_directive("kernels", KernelsPage)
    app.add_directive("kernel-results", KernelTable)
    app.add_directive("kernel-chart", KernelChart)
    app.add_directive("discoveries", DiscoveryList)
    app.add_directive("discovery-titles", DiscoveryTitles)
    app.add_post_transform(SettingsInLinks)
    files = ["playground.css", *(f"{name}.js" for name in MODULES)]
    for sign, page in (("playground", "page.js"), ("playground kernels", "kernels.js")):
        serve(app, f'<div class="{sign}"', *(f"playground/{name}" for name in [*files, page]))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
