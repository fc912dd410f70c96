"""The book's first page: a small VNN that learns by two rules, and the results in one chart.

The figure holds an SVG for each rule, drawn here with the arithmetic of `gevb`: the network after
its first picture, and the mistakes of a whole run. `landing.js` animates it with the playground's
`network.js`, which does the same arithmetic; without scripts, and in print, it does not change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import gevb
from gevb.networks import FC, Network
from gevb.seeds import stream

from .libraries import ASSETS, serve
from .result_chart import result_chart

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TEMPLATE = "landing.html"
FILES = ("landing.css", "playground/network.js", "landing.js")
RESULTS = "book/results"
PLAYGROUND = "book/playground"

CLASSES = ("horizontal bar", "vertical bar", "diagonal")
SHAPES = ("000111000", "010010010", "100010001")
RULES = {"gevb": "GEVB", "bp": "Back-propagation (BP)"}
HIDDEN = 4  # units in each of two hidden layers
FLIPPED = 0.08  # probability that a pixel is wrong
RATE = 0.1
PICTURES = 120
SEED = 1315  # both rules learn, and no picture closes all gates of a layer

# Size of the drawing, in its own units.
WIDTH, HEIGHT = 440, 306
PIXEL, PICTURE = 26, (4, 111)
COLUMNS = (176, 284, 394)
ROWS = [46 + 69 * i for i in range(HIDDEN)]
OUTPUT_ROW = 122
RADIUS = 24
MESSAGE = (394, 52)  # where the error vector appears
CLASS_ROWS = (178, 214, 250)

ALT = (
    "A network that tells pictures of nine pixels apart: two layers of four units, each with a bar "
    "for every class, and one output unit. The error vector e, three bars above the output, "
    "{heard} Connections are as thick as their weights; after each picture some are strengthened, "
    "drawn solid, and some weakened, drawn dashed."
)
HEARD = {
    "gevb": "has been copied to all eight units at once.",
    "bp": "has come to each of the eight units times a number of its own, which is zero for some.",
}


class Toy(NamedTuple):
    """Network, pictures of nine pixels (1 ink, -1 paper) and classes of the page."""

    network: Network
    x: torch.Tensor
    y: torch.Tensor


def toy() -> Toy:
    """Build the network and pictures; weights are rounded as on the page."""
    network = Network((1, 3, 3), len(CLASSES), (FC(HIDDEN), FC(HIDDEN)), seed=SEED).double()
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_((weight * 1000).round() / 1000)
    generator = stream(SEED, "order")
    y = torch.randint(len(CLASSES), (PICTURES,), generator=generator)
    shapes = torch.tensor([[2.0 * int(bit) - 1 for bit in shape] for shape in SHAPES]).double()
    flipped = torch.rand((PICTURES, 9), generator=generator) < FLIPPED
    return Toy(network, torch.where(flipped, -shapes[y], shapes[y]), y)


def as_json(network: Network) -> dict[str, Any]:
    """Convert a fully connected network to the format of network.js."""
    layers = []
    for layer in network.layers:
        weights, gate = layer.weights, layer.gate
        layers.append(
            {
                "inputs": weights.in_units[0],
                "units": weights.out_units[0],
                "first": weights.first,
                "output": weights.output,
                "weight": weights.weight.detach().flatten().tolist(),
                "bias": weights.bias.detach().flatten().tolist(),
                "gating": None if gate is None else gate.t.flatten().tolist(),
            }
        )
    names = ("K", "outputs", "vectorized", "nonnegative")
    return {**{name: getattr(network, name) for name in names}, "layers": layers}


def learn(network: Network, rule: str, x: torch.Tensor, y: torch.Tensor) -> bool:
    """Learn from one picture by plain gradient descent; return True if the guess was wrong."""
    image, label = x.view(1, 1, 3, 3), y.view(1)
    network.zero_grad()
    wrong = bool(network(image).argmax() != label)
    gevb.make_rule(rule, network).backward(image, label)
    with torch.no_grad():
        for weight in network.parameters():
            weight -= RATE * weight.grad
    network.clamp_()
    return wrong


def mistakes(rule: str) -> list[bool]:
    """List for each picture of a run if its guess, made before learning from it, was wrong."""
    network, x, y = toy()
    return [learn(network, rule, *example) for example in zip(x, y, strict=True)]


def _bars(values: Sequence[float], width: float = 8) -> str:
    """Draw the components of a vector as bars on a line."""
    step = width + 3
    left = -(step * len(values) - 3) / 2
    return "".join(
        f'<rect class="bar" x="{left + mu * step:g}" width="{width:g}" height="1" '
        f'style="--v:{v:.3f}"/>'
        for mu, v in enumerate(values)
    )


def _unit(x: float, y: float, values: Sequence[float], is_open: bool = True) -> str:
    return (
        f'<g class="unit{"" if is_open else " closed"}" transform="translate({x:g} {y:g})">'
        f'<circle r="{RADIUS}"/><path d="M-17 0h34"/>{_bars(values)}</g>'
    )


def _message(kind: str, x: float, y: float, values: Sequence[float]) -> str:
    """Draw a copy of the error vector; it starts at the place of the error vector."""
    start = f"--x:{MESSAGE[0] - x:g}px;--y:{MESSAGE[1] - y:g}px"
    return (
        f'<g transform="translate({x:g} {y:g})"><g class="message {kind}" style="{start}">'
        f'<rect x="-16" y="-12" width="32" height="24" rx="5"/><path d="M-12 0h24"/>'
        f"{_bars(values, 6)}</g></g>"
    )


def _line(a: tuple[float, float], b: tuple[float, float], attributes: str) -> str:
    return f'<path d="M{a[0]:g} {a[1]:g}L{b[0]:g} {b[1]:g}" {attributes}/>'


def _icon(shape: str, x: float, y: float, pixel: float, kind: str) -> str:
    squares = "".join(
        f'<rect class="pixel{" ink" if bit == "1" else ""}" x="{x + pixel * (n % 3):g}" '
        f'y="{y + pixel * (n // 3):g}" width="{pixel:g}" height="{pixel:g}"/>'
        for n, bit in enumerate(shape)
    )
    return f'<g class="{kind}">{squares}</g>'


def _connections() -> Iterator[list[tuple[tuple[float, float], tuple[float, float]]]]:
    """Yield the ends of the lines that arrive at each layer, receiver by receiver."""
    pixels = [
        (PICTURE[0] + 3 * PIXEL + 4, PICTURE[1] + 4 + n * (3 * PIXEL - 8) / 8) for n in range(9)
    ]
    first, second = ([(x, y) for y in ROWS] for x in COLUMNS[:2])
    output = [(COLUMNS[2], OUTPUT_ROW)]
    for below, above in ((pixels, first), (first, second), (second, output)):
        yield [(a, b) for b in above for a in below]


def scene(rule: str) -> str:
    """Draw the state after the first picture under a rule: activations, messages and changes."""
    network, x, y = toy()
    image, label = x[:1].view(1, 1, 3, 3), y[:1]
    trace = network.trace(image)
    e = gevb.cross_entropy(trace.logits, label)[1][0]
    heard = [h[0].tolist() for h in gevb.make_rule(rule, network).feedbacks(image, label)]
    p = trace.logits[0].softmax(0).tolist()
    units = [a[0].T.tolist() for a in trace.inputs[1:]]
    gates = [gate[0].tolist() for gate in trace.gates]
    before = [layer.weights.unit_view().detach().clone() for layer in network.layers]
    wrong = learn(network, rule, x[0], y[0])
    after = [layer.weights.unit_view().detach() for layer in network.layers]
    changes = [new - old for new, old in zip(after, before, strict=True)]
    first, *later = _connections()
    lines = [_line(*ends, 'class="wire"') for ends in first]
    shown = zip(first, changes[0].norm(dim=0).flatten().tolist(), strict=True)
    lines += [_line(*ends, f'class="change own" style="--d:{d:.4f}"') for ends, d in shown]
    weights, moves = [], []
    for ends, new, change in zip(later, after[1:], changes[1:], strict=True):
        for line, w, d in zip(ends, new.flatten().tolist(), change.flatten().tolist(), strict=True):
            kind = "up" if d > 0 else "down" if d < 0 else ""
            weights.append(_line(*line, f'class="weight" style="--w:{w:.3f}"'))
            moves.append(_line(*line, f'class="change {kind}" style="--d:{abs(d):.4f}"'))
    # Paths of back-propagation's messages: down to the first hidden layer, and to the second.
    ways = [
        _line(b, a, f'class="way to-{l}"')
        for l, ends in zip((1, 2), later, strict=True)
        for a, b in ends
    ]
    circles = [
        _unit(column, row, values, is_open)
        for column, layer, mask in zip(COLUMNS, units, gates, strict=False)
        for row, values, is_open in zip(ROWS, layer, mask, strict=True)
    ]
    circles.append(_unit(COLUMNS[2], OUTPUT_ROW, trace.logits[0].tolist()))
    messages = [
        _message(f"to-{l}", column - 25, row - 22, (h * e).tolist())
        for l, column, layer in zip((1, 2), COLUMNS, heard, strict=False)
        for row, h in zip(ROWS, layer, strict=True)
    ]
    guess = max(range(len(p)), key=p.__getitem__)
    classes = "".join(
        f'<g class="class{" truth" * (k == int(label))}{" guess" * (k == guess)}">'
        f'<rect class="box" x="361" y="{row - 3}" width="27" height="27" rx="4"/>'
        f"{_icon(shape, 364, row, 7, 'icon')}"
        f'<rect class="share" x="394" y="{row + 5}" width="44" height="11" '
        f'style="--v:{p[k]:.3f}"/></g>'
        for k, (shape, row) in enumerate(zip(SHAPES, CLASS_ROWS, strict=True))
    )
    waves = "".join(f'<circle class="wave" cx="{MESSAGE[0]}" cy="{MESSAGE[1]}" r="24"/>' * 3)
    bits = "".join("1" if value > 0 else "0" for value in x[0].tolist())
    alt = ALT.format(heard=HEARD[rule])
    return f"""<svg class="scene" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{alt}">
{"".join(lines)}{"".join(weights)}{"".join(ways)}{"".join(moves)}{waves}
{_icon(bits, *PICTURE, PIXEL, "picture")}
<text class="verdict" x="{PICTURE[0] + 1.5 * PIXEL}" y="214">{"wrong" if wrong else "right"}</text>
{"".join(circles)}{classes}{"".join(messages)}{_message("error", *MESSAGE, e.tolist())}
<text class="name" x="{MESSAGE[0]}" y="28">e</text>
<text class="legend" x="{COLUMNS[0]}" y="298">bars: one for each class</text>
<text class="legend" x="{COLUMNS[2] - 42}" y="298">a line: as thick as its weight</text></svg>"""


def _marks(wrong: Sequence[bool], which: bool) -> str:
    """Draw a path with a stroke for each mistake, or (which=False) a point for each right guess."""
    return "".join(
        f"M{2 * n + 1} 0v-{14 if which else 2}" for n, w in enumerate(wrong) if w == which
    )


def moving_figure(playground: str) -> str:
    """Assemble the scene and the mistakes of each rule, their text, and the buttons.

    Args:
        playground: address of the playground, relative to the figure's page.
    """
    network, x, y = toy()
    story = {
        "network": as_json(network),
        "pictures": ["".join("01"[v > 0] for v in picture) for picture in x.tolist()],
        "labels": y.tolist(),
        "classes": CLASSES,
        "rate": RATE,
    }
    nets = []
    for rule, name in RULES.items():
        wrong = mistakes(rule)
        nets.append(
            f'<div class="net told-1 told-2 erring changing" data-rule="{rule}"><p>{name}</p>'
            f'{scene(rule)}<svg class="mistakes" viewBox="0 0 {2 * PICTURES + 2} 18" role="img" '
            f'aria-label="Mistakes of {name} in the order of {PICTURES} pictures: many at first, '
            f'few at the end."><g transform="translate(0 17)">'
            f'<path class="miss" d="{_marks(wrong, True)}"/>'
            f'<path class="hit" d="{_marks(wrong, False)}"/></g></svg></div>'
        )
    return Template((ASSETS / TEMPLATE).read_text("utf-8")).substitute(
        nets="\n".join(nets),
        playground=playground,
        weights=sum(p.numel() for p in network.parameters()),
        story=json.dumps(story, separators=(",", ":")),
    )


class Html(SphinxDirective):
    """A directive that inserts its HTML into the page, in a node of class `kind`."""

    kind = "landing"

    def run(self) -> list[nodes.Node]:
        """Insert HTML, new in every build because its data may change; HTML builders only."""
        self.env.note_reread()
        return [nodes.raw(text=self.html(), format="html", classes=[self.kind])]

    def html(self) -> str:
        """Return the HTML to insert."""
        raise NotImplementedError


class MovingFigure(Html):
    """``{moving-figure}``: the network that learns."""

    def html(self) -> str:
        """Return `moving_figure`."""
        return moving_figure(self.env.app.builder.get_relative_uri(self.env.docname, PLAYGROUND))


class ResultChart(Html):
    """``{result-chart} errors`` or ``angles``: see `result_chart`."""

    required_arguments = 1

    def html(self) -> str:
        """Return `result_chart`."""
        chapter = self.env.app.builder.get_relative_uri(self.env.docname, RESULTS)
        return result_chart(chapter, self.arguments[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    app.add_directive("moving-figure", MovingFigure)
    app.add_directive("result-chart", ResultChart)
    serve(app, '<div class="landing"', *FILES)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
