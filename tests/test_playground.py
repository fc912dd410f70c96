"""The playground computes what the package does, by value; links and files are read with care."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from itertools import product
from typing import Any

import discoveries
import pytest
import torch
from bs4 import BeautifulSoup
from node import in_node, parameters

import gevb
from bookext import playground
from bookext.landing import as_json
from gevb.lab.records import read_values
from gevb.networks import FC, Conv, Network, Pool, Spec
from gevb.seeds import stream
from gevb.theory.on_off import plain_nonnegative
from gevbook.toys import NOISE, toy

INITS = {"onoff": gevb.on_off, "plain": plain_nonnegative, "he": gevb.he}
KINDS = {
    "vnn": (True, True),
    "mixed": (True, False),
    "scalar": (False, True),
    "ordinary": (False, False),
}
OPTIMIZERS = {"adam": (torch.optim.Adam, 0.003), "sgd": (torch.optim.SGD, 0.01)}
#: An image and hidden layers by name.
ARCHITECTURES: dict[str, tuple[tuple[int, int, int], list[Spec]]] = {
    "fc": ((1, 1, 6), [FC(8), FC(10), FC(6)]),
    "conv": ((1, 8, 8), [Conv(4, 3, 1, 1), Pool(2), Conv(6, 3, 1, 1), Pool(2), FC(6)]),
    "one stage": ((1, 8, 8), [Conv(4, 3, 1, 1), Pool(2)]),
}
# A rule for a kind that has components to broadcast to; the clamp where weights are to be >= 0.
# Networks with convolutions also with layers that are frozen: what lies below the others is kept.
CASES = [
    (shape, kind, init, rule, optimizer, clamped, frozen)
    for shape, kind, init, rule, optimizer in product(
        ARCHITECTURES, KINDS, INITS, gevb.rules.RULES, OPTIMIZERS
    )
    for clamped in ([True, False] if KINDS[kind][1] and shape == "fc" else [KINDS[kind][1]])
    for frozen in ([(), (1,), (1, 2), (2,), (3, 4)] if shape == "conv" and init == "he" else [()])
    if rule != "gevb" or KINDS[kind][0]
]
CLASSES, BATCH, STEPS = 4, 16, 50
FEEDBACK = 3  # the seed of random feedback


def make(shape: str, kind: str, init: str, frozen: tuple[int, ...] = (), seed: int = 0) -> Network:
    """A network whose biases are not zero, with some layers frozen.

    Where they are, t . h of a unit with t = 1 and closed gates below is zero but for rounding: the
    components of e sum to zero.
    """
    vectorized, nonnegative = KINDS[kind]
    image, hidden = ARCHITECTURES[shape]
    network = Network(
        image,
        CLASSES,
        hidden,
        vectorized=vectorized,
        nonnegative=nonnegative,
        initializer=INITS[init],
        seed=seed,
    ).double()
    generator = torch.Generator().manual_seed(seed + 100)
    with torch.no_grad():
        for l, layer in enumerate(network.layers, 1):
            bias = layer.weights.bias
            bias.copy_(torch.randn(bias.shape, generator=generator, dtype=torch.float64) / 10)
            layer.requires_grad_(l not in frozen)
    return network


def architecture(conv: Sequence[int], hidden: Sequence[int]) -> list[Spec]:
    stages: list[Spec] = [spec for n in conv for spec in (Conv(n, 3, 1, 1), Pool(2))]
    return [*stages, *map(FC, hidden)]


def channels_last(values: torch.Tensor) -> torch.Tensor:
    return values.movedim(1, -1) if values.ndim == 4 else values


def same(got: list[float], wanted: torch.Tensor, rtol: float) -> None:
    torch.testing.assert_close(
        torch.tensor(got, dtype=torch.float64), wanted.flatten().double(), rtol=rtol, atol=1e-15
    )


def batches(shape: str) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    image, _ = ARCHITECTURES[shape]
    x = torch.randn(STEPS, BATCH, *image, generator=generator, dtype=torch.float64)
    means = torch.randn(CLASSES, *image, generator=generator, dtype=torch.float64)
    y = torch.randint(CLASSES, (STEPS, BATCH), generator=generator)
    return x + means[y], y


@pytest.fixture(scope="module")
def computed() -> list[dict[str, Any]]:
    """Results of the page's arithmetic after 50 steps of every case."""
    examples = {
        shape: {"x": x.flatten(1).tolist(), "y": y.tolist()}
        for shape in ARCHITECTURES
        for x, y in [batches(shape)]
    }
    cases = [
        {
            "shape": shape,
            "network": as_json(make(shape, kind, init, frozen)),
            "init": init,
            "rule": rule,
            "optimizer": optimizer,
            "rate": OPTIMIZERS[optimizer][1],
            "clamped": clamped,
        }
        for shape, kind, init, rule, optimizer, clamped, frozen in CASES
    ]
    return in_node(
        """return cases.map(({ shape, network: plain, init, rule, optimizer, rate, clamped }) => {
          const network = Networks.typed(plain), { x, y } = examples[shape];
          const fixed = Initial.feedback(rule, network, init, seed);
          const descent = new { adam: Networks.Adam, sgd: Networks.SGD }[optimizer](rate);
          const whole = Float64Array.from(x[0]);
          const { trace, heard } = Networks.learn(network, rule, fixed, whole, y[0], BATCH);
          const first = { open: trace.open.slice(0, -1), heard: heard.slice(0, -1) };
          const from = Networks.lowest(network);
          x.forEach((pictures, n) => {
            const input = Networks.received(network, Float64Array.from(pictures), BATCH, from);
            const { gradients } = Networks.learn(network, rule, fixed, input, y[n], BATCH, from);
            descent.step(network, gradients);
            if (clamped) Networks.clamp(network);
          });
          return { first, after: network.layers.flatMap(({ weight, bias }) => [weight, bias]) };
        });""",
        examples=examples,
        cases=cases,
        seed=FEEDBACK,
        BATCH=BATCH,
    )


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("case", range(len(CASES)), ids=["-".join(map(str, c)) for c in CASES])
def test_every_weight_after_50_steps_is_the_packages(computed, case: int):
    shape, kind, init, rule_name, optimizer, clamped, frozen = CASES[case]
    network = make(shape, kind, init, frozen)
    before = parameters(network)
    rule = gevb.make_rule(rule_name, network, seed=FEEDBACK)
    kind_of, rate = OPTIMIZERS[optimizer]
    descent = kind_of(network.parameters(), lr=rate)
    images, y = batches(shape)
    trace = network.trace(images[0])
    first = computed[case]["first"]
    assert torch.equal(
        torch.tensor([v for layer in first["open"] for v in layer]).bool(),
        torch.cat([channels_last(gate).flatten() for gate in trace.gates]),
    )
    for got, wanted in zip(first["heard"], rule.feedbacks(images[0], y[0]), strict=True):
        same(got, channels_last(wanted), 1e-10)
    for pictures, labels in zip(images, y, strict=True):
        descent.zero_grad()
        rule.backward(pictures, labels)
        descent.step()
        if clamped:
            network.clamp_()
    difference = 0.0
    everything = zip(computed[case]["after"], parameters(network), before, strict=True)
    for n, (got, wanted, old) in enumerate(everything):
        difference = max(difference, *(abs(a - b) for a, b in zip(got, wanted, strict=True)))
        l, what = n // 2 + 1, ("weight", "bias")[n % 2]
        if not (l in frozen and l > 1 and clamped and what == "weight"):  # the clamp may change it
            assert (wanted == old) == (l in frozen), "learned, or not"
    print(f"largest difference {difference:.1e}")
    assert difference <= 1e-9


@pytest.mark.parametrize("seed", [0, 1, 12345])
@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("conv", "hidden"),
    [((), (8,)), ((), (64, 32)), ((), (10, 8, 12, 22)), ((6,), (8,)), ((4, 6), (8,))],
)
def test_seeds_are_the_packages(
    kind: str, init: str, conv: tuple[int, ...], hidden: tuple[int, ...], seed: int
):
    vectorized, nonnegative = KINDS[kind]
    network = Network(
        (1, 8, 8),
        CLASSES,
        architecture(conv, hidden),
        vectorized=vectorized,
        nonnegative=nonnegative,
        initializer=INITS[init],
        seed=seed,
    ).double()
    got = in_node(
        """const network = Initial.network(settings);
        return { network, fa: Initial.feedback("fa", network, settings.init, settings.seed),
          dfa: Initial.feedback("dfa", network, settings.init, settings.seed) };""",
        settings={
            "inputs": 64,
            "classes": CLASSES,
            "conv": conv,
            "hidden": hidden,
            "frozen": [],
            "vectorized": vectorized,
            "nonnegative": nonnegative,
            "init": init,
            "seed": seed,
        },
    )

    wanted = as_json(network)
    for layer, other in zip(got["network"]["layers"], wanted["layers"], strict=True):
        weight = torch.tensor(other["weight"], dtype=torch.float64)
        same(layer["weight"], weight, 1.2e-7)  # the last bit of float32
        assert layer["bias"] == other["bias"]
        assert layer["gating"] == other["gating"]
    fa, dfa = gevb.FA(network, seed=seed), gevb.DFA(network, seed=seed)
    for weight, layer in zip(got["fa"][1:], fa.above, strict=True):
        same(weight, channels_last(layer.weight.detach()), 1e-13)
    same(got["dfa"]["matrix"], dfa.matrix, 0)


@pytest.mark.parametrize("seed", [0, 7, 2**31, 2**32 - 1])
def test_order_and_draws_are_torchs(seed: int):
    got = in_node(
        """const stream = () => Random.stream(seed, "order");
        return { order: stream().permutation(1437), few: stream().normals(5),
          odd: stream().normals(37), choice: stream().integers(3, 9),
          uniform: stream().uniforms(4) };""",
        seed=seed,
    )
    double = {"dtype": torch.float64}
    assert got["order"] == torch.randperm(1437, generator=stream(seed, "order")).tolist()
    assert got["choice"] == torch.randint(3, (9,), generator=stream(seed, "order")).tolist()
    assert got["uniform"] == torch.rand(4, generator=stream(seed, "order"), **double).tolist()
    for name, n in (("few", 5), ("odd", 37)):
        wanted = torch.randn(n, generator=stream(seed, "order"), **double)
        same(got[name], wanted, 1e-13)


@pytest.fixture(scope="module")
def packed() -> dict[str, Any]:
    return playground.packed_digits()


def test_digits_are_the_packages(packed):
    got = in_node(
        "return Data.digits({ ...packed, labels: [...packed.labels].map(Number) });", packed=packed
    )
    data = gevb.load("digits")
    for name, split in (("train", data.train), ("test", data.test)):
        assert got[name]["x"] == split.x.flatten().tolist()
        assert got[name]["y"] == split.y.tolist()


@pytest.mark.parametrize("name", NOISE)
@pytest.mark.parametrize("seed", [0, 3])
def test_toy_sets_are_the_packages(name: str, seed: int):
    got = in_node("return Data.toy(name, seed);", name=name, seed=seed)
    data = toy(name, seed)
    for part, split in (("train", data.train), ("test", data.test)):
        same(got[part]["x"], split.x, 2e-7)
        assert got[part]["y"] == split.y.tolist()
    assert torch.equal(toy(name).train.x, toy(name, 0).train.x)


def test_toy_sets_are_balanced_and_within_the_plane():
    for name in NOISE:
        data = toy(name, 1)
        for split in (data.train, data.test):
            assert torch.bincount(split.y).tolist() == [100, 100, 100]
            assert split.x.abs().max() <= 1
        assert not torch.equal(data.train.x, toy(name, 2).train.x)
    with pytest.raises(gevb.InputError, match="toy data set: got 'moons'"):
        toy("moons")


#: Settings of a link, and the data set's columns of pixels.
LINKS = [
    "rule=gevb",
    "rule=bp&opt=sgd&seed=2",
    "net=mixed&rule=fa&hidden=16-8-8&seed=1",
    "net=ordinary&rule=dfa&batch=100&seed=5",
    "net=scalar&rule=bp&hidden=16&init=plain",
    "data=spirals&rule=gevb&clamp=off&seed=3",
    "data=rings&net=mixed&init=onoff&rule=bp",
    "conv=8-8&hidden=16&rule=gevb&rate=0.003&batch=100",
    "conv=8-6&hidden=16&net=ordinary&rule=dfa&frozen=1-2&seed=2",
    "conv=10&hidden=16&net=mixed&rule=fa&frozen=2&opt=sgd&rate=0.01",
]
RUN = """
const digits = () => Data.digits({ ...packed, labels: [...packed.labels].map(Number) });
const { state } = State.read(`#${link}`), data = state.data === "digits" ? digits()
  : state.data === "points" ? Data.points(state.points) : Data.toy(state.data, state.seed);
const run = new Learning.Run(State.settings(state), data);
"""


@pytest.mark.parametrize("link", LINKS)
def test_copied_lines_run_the_same(packed, link: str, capsys):
    got = in_node(
        f"""{RUN} const curve = [];
        for (let epoch = 0; epoch < 3; epoch++) {{
          for (let n = 0; n < run.perEpoch; n++) run.step();
          run.evaluate();
        }}
        const whole = run.curve.filter(({{ epoch }}) => epoch && epoch % 1 === 0);
        return {{ errors: whole.map(({{ test }}) => test), lines: State.python(state, data) }};""",
        packed=packed,
        link=link,
    )
    lines = got["lines"]
    assert lines.count("range(1, 21)") == 1
    exec(lines.replace("range(1, 21)", "range(1, 4)"), {})
    printed = [float(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert len(printed) == 3
    assert got["errors"] == pytest.approx(printed, abs=1e-9)


@pytest.mark.parametrize("few", [True, False])
def test_copied_lines_run_the_same_on_a_visitors_data(few: bool, tmp_path, monkeypatch, capsys):
    """Points of the plane, and a file; with a test set of their own from 20 rows on."""
    generator = torch.Generator().manual_seed(0)
    n = 12 if few else 31
    places = torch.randint(62, (n, 2), generator=generator).tolist()
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    points = "".join(f"{k % 3}{letters[a]}{letters[b]}" for k, (a, b) in enumerate(places))
    text = "".join(f"{a},{7},{b / 3},{'red' if a > b else 'blue'}\n" for a, b in places)
    (tmp_path / "your.csv").write_text(text)
    monkeypatch.chdir(tmp_path)
    own = 'state.data === "points" ? Data.points(state.points)'
    assert own in RUN
    for link, run in (
        (f"data=points&hidden=16&points={points}", RUN),
        ("data=spirals&hidden=16", RUN.replace(own, "true ? Data.csv(text)")),
    ):
        got = in_node(
            f"""{run} while (run.epoch < 3) run.step();
            run.evaluate();
            return {{ error: run.curve.at(-1).test, lines: State.python(state, data),
              tests: data.test.y.length }};""",
            packed=None,
            link=link,
            text=text,
        )
        assert got["tests"] == (n if few else n // 5)
        exec(got["lines"].replace("range(1, 21)", "range(1, 4)"), {})
        last = capsys.readouterr().out.splitlines()[-1]
        assert got["error"] == pytest.approx(float(last.split()[1]), abs=1e-9)


@pytest.mark.parametrize("link", LINKS)
def test_angles_and_signs_are_the_packages(packed, link: str):
    got = in_node(
        f"""{RUN} for (let n = 0; n < 5; n++) run.step();
        run.evaluate();
        return {{ network: run.network, angles: run.curve.at(-1).angles, state,
          one: run.signs(3, false, 0), batch: run.signs(3, true, 1),
          test: data.test, train: data.train, inputs: data.inputs, classes: data.classes }};""",
        packed=packed,
        link=link,
    )
    state = got["state"]
    vectorized, nonnegative = KINDS[state["net"]]
    image = (1, 8, 8) if got["inputs"] == 64 else (1, 1, got["inputs"])
    network = Network(
        image,
        got["classes"],
        architecture(state["conv"], state["hidden"]),
        vectorized=vectorized,
        nonnegative=nonnegative,
        initializer=INITS[state["init"]],
        seed=state["seed"],
    ).double()
    rule = gevb.make_rule(state["rule"], network, seed=state["seed"])
    with torch.no_grad():
        for layer, learned in zip(network.layers, got["network"]["layers"], strict=True):
            layer.requires_grad_(not learned["frozen"])
            for name in ("weight", "bias"):
                parameter = channels_last(getattr(layer.weights, name).detach())
                value = torch.tensor(learned[name], dtype=torch.float64)
                parameter.copy_(value.view(parameter.shape))

    def examples(part: str, start: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.tensor(got[part]["x"], dtype=torch.float64).view(-1, *image)
        return x[start:end], torch.tensor(got[part]["y"])[start:end]

    wanted = gevb.alignment_angles(rule, *examples("test", 0, 128))
    assert got["angles"] == pytest.approx(wanted.tolist(), abs=1e-5)
    one, batch = examples("test", 3, 4), examples("train", 0, 128)
    for name, examples_of, size in (("one", one, 1), ("batch", batch, 128)):
        shares = [math.nan if share is None else share for share in got[name]["shares"]]
        wanted = discoveries.shares(rule, *examples_of, size)
        assert shares == pytest.approx(wanted, abs=0.1, nan_ok=True)
    assert [math.isnan(share) for share in shares] == [
        l in state["frozen"] for l in range(1, len(shares) + 1)
    ]
    if 2 in state["frozen"]:
        return
    pairs = torch.tensor(got["batch"]["dots"], dtype=torch.float64)
    update, gradient = (r.updates(*batch)[1].flatten() for r in (rule, gevb.BP(network)))
    assert len(pairs) > 50
    for g, u in pairs[::50]:
        assert (((gradient - g).abs() < 1e-12) & ((update - u).abs() < 1e-12)).any()


def test_links_say_all_choices_and_are_read_back():
    states = [
        {"data": "points", "points": [[0.5, -0.25, 2], [1, -1, 0]]},
        {"net": "mixed", "init": "he", "rule": "fa", "vs": "gevb", "hidden": [8, 128, 10, 64]},
        {
            "net": "scalar",
            "opt": "sgd",
            "rate": 0.25,
            "batch": 7,
            "seed": 4294967295,
            "rule": "dfa",
        },
        {"conv": [16, 8], "hidden": [64], "frozen": [1, 2], "layer": 4},
        {"clamp": "off", "speed": "full", "show": "second", "example": 12, "layer": 3},
        {"seeds": 3, "signs": "batch", "stage": "change", "vs": "dfa", "init": "plain"},
    ]
    got = in_node(
        """return states.map((asked) => {
          const { state } = State.settled(asked), link = State.write(state);
          const back = State.read(link);
          return { state, link, back, again: State.write(back.state) };
        });""",
        states=states,
    )
    for asked, found in zip(states, got, strict=True):
        assert found["back"]["notes"] == []
        assert found["again"] == found["link"]
        for name, value in asked.items():
            if name == "points":
                flat = [v for point in found["back"]["state"]["points"] for v in point]
                assert flat == pytest.approx([v for point in value for v in point], abs=1 / 61)
            else:
                assert found["back"]["state"][name] == value
        assert set(re.findall(r"(\w+)=", found["link"])) | {"points"} == set(found["state"])


@pytest.mark.parametrize(
    ("link", "note", "name", "value"),
    [
        ("rate=abc", "“rate=abc”: wanted a number above 0", "rate", 0.001),
        ("rate=-1", "wanted a number above 0", "rate", 0.001),
        ("rate=", "wanted a number above 0", "rate", 0.001),
        ("conv=16-16-16", "none, or one or two even numbers from 4 to 32", "conv", []),
        ("conv=16-5", "none, or one or two even numbers from 4 to 32", "conv", []),
        ("data=rings&conv=16", "Convolutions need pictures", "conv", []),
        ("frozen=1-x", "wanted none, or the numbers of layers", "frozen", []),
        ("hidden=64-7", "wanted one to 4 even numbers from 8 to 128", "hidden", [64, 32]),
        ("hidden=8-8-8-8-8", "wanted one to 4 even numbers", "hidden", [64, 32]),
        ("batch=0", "wanted a whole number from 1 to 512", "batch", 128),
        ("seed=1.5", "wanted a whole number from 0", "seed", 0),
        ("net=cnn", "wanted one of vnn, mixed, scalar, ordinary", "net", "vnn"),
        ("constructor=1", "which this page does not know", "net", "vnn"),
        ("net=scalar&rule=gevb", "scalar units have none: DFA takes its place", "rule", "dfa"),
        ("data=points&points=9zz", "wanted up to 300 points", "points", []),
        ("data=file", "a file that only its owner has", "data", "digits"),
        ("rate=%E0%A4%A", "wanted a number above 0", "rate", 0.001),
    ],
)
def test_a_bad_link_gets_a_kind_sentence_and_the_default(
    link: str, note: str, name: str, value: Any
):
    got = in_node("return State.read(`#${link}`);", link=link)
    assert len(got["notes"]) == 1
    assert note in got["notes"][0]
    assert got["state"][name] == value


def test_a_headings_anchor_is_not_a_link_of_the_playground():
    assert in_node("return [State.read('#six-discoveries'), State.read('')];") == [None, None]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "holds no rows"),
        ("a,b,label\n", "holds no rows"),
        ("1,2,x\n1,2\n", "Line 2 has 2 columns: wanted 3"),
        ("1,2,x\n1,oops,y\n", "Line 2 holds “oops”: wanted a number"),
        ("a,b,c\n1,2,x\n1,,y\n", "Line 3 holds “”: wanted a number"),
        ("1,2,x\n3,4,x\n", "holds 1 different label: wanted 2 to 10"),
        ("x\ny\n", "has 1 column: wanted 1 to 64 columns of numbers and one of labels"),
        ("".join(f"{n},{n}\n" for n in range(11)), "holds 11 different labels"),
        ("1,x\n2,y\n" * 2501, "has 5002 rows: the page takes up to 5000"),
    ],
)
def test_a_file_that_does_not_fit_gets_one_kind_line(text: str, fault: str):
    got = in_node("try { Data.csv(text); } catch (error) { return error.message; }", text=text)
    assert fault in got
    assert "\n" not in got


def test_a_file_is_scaled_and_split():
    rows = "\r\n".join(f'"{n}"; 5;{"b" if n % 2 else "a"}' for n in range(40))
    got = in_node("return Data.csv(text);", text=f"n;five;kind\r\n{rows}\r\n")
    assert got["names"] == ["a", "b"]
    assert (got["inputs"], got["classes"]) == (2, 2)
    assert got["test"]["y"] == [0, 1] * 4
    assert got["test"]["x"][:2] == pytest.approx([2 * 4 / 39 - 1, 0])
    assert len(got["train"]["y"]) == 32


def test_a_drawing_is_sampled_as_the_data_were(packed):
    """Full height, in the middle, with the data's mean amount of ink; and read by a network."""
    ring = [[0.2 + 0.022 * math.cos(t / 5), 0.8 - 0.04 * math.sin(t / 5)] for t in range(33)]
    got = in_node(
        f"""{RUN} for (let n = 0; n < 240; n++) run.step();
        const read = (strokes) => {{
          const x = Data.downsampled(strokes, data);
          return [x, Networks.forward(run.network, Float64Array.from(x), 1).logits];
        }};
        return {{ bar: read([[[.7, .1], [.7, .2]]]), ring: read([ring]),
          nothing: Data.downsampled([], data) }};""",
        packed=packed,
        link="rule=bp&rate=0.003",
        ring=ring,
    )
    assert got["nothing"] is None
    ink = float((gevb.load("digits").train.x + 1).sum() * 8 / 1437)
    for name, answer in (("bar", 1), ("ring", 0)):
        x, logits = got[name]
        picture = torch.tensor(x).view(8, 8)
        assert (picture[[0, 7]].amax(1) > -0.5).all()
        assert torch.allclose(picture, picture.flip(1), atol=0.3)
        assert float((picture + 1).sum() * 8) == pytest.approx(ink, rel=0.1)
        assert max(range(10), key=logits.__getitem__) == answer


def test_another_page_leads_to_each_discovery():
    found = playground.discoveries()
    parts = [
        found.titles(lambda page: f"../{page.removeprefix('book/')}.html", *part)
        for part in ((1, 3), (4, 6))
    ]
    html = "".join(parts)
    links = re.findall(r'<a href="\.\./(\w+)\.html#(.*?)">(.*?)</a>', html)
    wanted = [(task.page, task.settings, task.title) for task in found.tasks()]
    assert [(f"book/{p}", s.replace("&amp;", "&"), title) for p, s, title in links] == wanted


def test_discoveries_say_what_is_recorded():
    recorded = read_values(playground.DISCOVERIES, discoveries.FORMAT)
    assert all(len(run["seeds"]) == 10 for runs in recorded["runs"].values() for run in runs)
    html = playground.Discoveries(recorded, playground.kernel_results()).html()
    for name, runs in discoveries.SETTINGS.items():
        for setting, run in zip(runs, recorded["runs"][name], strict=True):
            assert {key: run[key] for key in vars(setting)} == vars(setting)
            if name == "scale" and setting.optimizer == "adam":
                continue  # told by the largest difference
            for n in range(3):
                errors = [seed["errors"][n] for seed in run["seeds"]]
                shown = f"{statistics.mean(errors):.1f} ± {statistics.stdev(errors):.1f}"
                assert shown in html, (name, setting, shown)
    links = re.findall('href="(.*?)#(.*?)"', html)
    assert [page for page, _ in links] == [*[""] * 5, "kernels.html"]
    for page, link in links:
        reader = "State.kernels" if page else "State"
        found = in_node(f"return {reader}.read(`#${{link}}`);", link=link.replace("&amp;", "&"))
        assert found["notes"] == []


def test_kernel_results_say_what_is_recorded():
    recorded = read_values(playground.KERNELS, discoveries.KERNELS_FORMAT)
    results = playground.KernelResults(recorded)
    rows = re.findall("<tr><td>(.*?)</tr>", results.html())
    for row, (name, kind), run in zip(
        rows, discoveries.KERNELS.items(), recorded["runs"], strict=True
    ):
        assert run["name"] == name
        wanted = {k: list(v) if isinstance(v, tuple) else v for k, v in vars(kind).items()}
        assert {key: run[key] for key in wanted} == wanted
        better = 0
        for side in ("trained", "frozen"):
            assert [len(errors) for errors in run[side]] == [kind.epochs] * 10
            last = [errors[-1] for errors in run[side]]
            assert f"{statistics.mean(last):.1f} ± {statistics.stdev(last):.1f}" in row
        for trained, frozen in zip(run["trained"], run["frozen"], strict=True):
            better += trained[-1] < frozen[-1]
        assert row.endswith(f"<td>{better} of 10</td>")


def test_the_chart_of_kernels_has_a_circle_for_every_seed():
    results = playground.kernel_results()
    page = BeautifulSoup(results.chart(), "html.parser")
    groups = page.select("g[data-rule]")
    assert [label.text for label in page.select("text")[4:]][1] == "GEVB in a VNN"
    for group, name in zip(groups, list(results.runs)[: len(groups)], strict=True):
        for side in ("trained", "frozen"):
            errors = [(float(c["cx"]) - 12) / 5.5 for c in group.select(f".{side}")]
            assert errors == pytest.approx(results.last(name, side), abs=0.11)
            assert max(errors) < 60


@pytest.mark.parametrize("frozen", [False, True])
def test_a_kernels_number_can_be_measured_again_with_the_package(frozen: bool):
    """DFA in the conventional network, three epochs."""
    kind = discoveries.COLUMNS["dfa"]
    network = gevb.build(
        "digits", architecture(kind.conv, kind.hidden), vectorized=False, nonnegative=False
    ).double()
    for layer in network.layers[: len(kind.conv)]:
        layer.requires_grad_(not frozen)
    rule = gevb.make_rule(kind.rule, network)
    adam, order = torch.optim.Adam(network.parameters(), lr=kind.rate), stream(0, "order")
    data, errors = gevb.load("digits"), []
    for _ in range(3):
        shuffled = torch.randperm(len(data.train), generator=order)
        gevb.train_epoch(rule, adam, data.train.batches(kind.batch, shuffled))
        errors.append(gevb.evaluate(network, data.test)[0])
    recorded = playground.kernel_results().runs["dfa"]["frozen" if frozen else "trained"][0]
    assert errors == pytest.approx(recorded[:3], abs=1e-9)


def test_a_discoverys_number_can_be_measured_again():
    recorded = read_values(playground.DISCOVERIES, discoveries.FORMAT)
    data = gevb.load("digits")
    x, y = data.train.x[:128].double(), data.train.y[:128]
    for row in recorded["signs"][::10]:
        setting = discoveries.Setting("gevb", nonnegative=row["nonnegative"])
        rule = gevb.GEVB(discoveries.make(setting, row["seed"]))
        assert discoveries.shares(rule, x, y, 1) == pytest.approx(row["one"], abs=0.1)
        assert discoveries.shares(rule, x, y, 128) == pytest.approx(row["batch"], abs=0.1)
