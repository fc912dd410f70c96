"""Questions in the page: judged as the package judges, from the very exercises of the chapters."""

from __future__ import annotations

import csv
import random
import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT
from node import in_node
from sphinx.errors import ExtensionError
from test_exercises import EXERCISES

import gevb
from bookext import quiz
from gevb.layers import contract
from gevb.networks import FC, Network
from gevb.theory import exact
from gevb.theory.sign_match import agreement, broken_case
from gevbook.answers import Choice, Known, Number, Numbers, Selection

FILE = ROOT / "book" / "teach" / "exit_quiz.yml"
EXIT = {question.name.partition(".")[2]: question for question in quiz.read_quiz(FILE)}
ASKED = {name: e for name, e in EXERCISES.items() if isinstance(e, Known | Selection)}
ASKED |= {question.name: question.exercise for question in EXIT.values()}
every = pytest.mark.parametrize("name", ASKED)

JUDGE = "return asked.map(([facts, filled]) => Answers.judge(facts, filled));"


def verdicts(pairs: list[tuple[Any, Any]]) -> list[Any]:
    """The page's verdicts on what is filled into the fields of questions.

    Each is the place of a sentence, or the meanings between which the page asks, or None.
    """
    judged = in_node(JUDGE, asked=[(quiz.facts(exercise), filled) for exercise, filled in pairs])
    return [found and found.get("place", found.get("meanings")) for found in judged]


def typed(value: Any) -> str:
    """A number to its last digit, as someone may type it."""
    if isinstance(value, complex):
        return f"{value.imag!r}i" if value.imag else repr(value.real)
    return repr(value)


def filled(exercise: Any, answer: Any) -> Any:
    """Contents of the fields for this answer."""
    if isinstance(exercise, Numbers):
        return ", ".join(map(typed, answer))
    if isinstance(exercise, Number):
        return typed(answer)
    return sorted(answer) if isinstance(exercise, Selection) else answer


def all_answers(exercise: Any) -> list[Any]:
    """Right, every known slip, and something else where that can be; of selections, all."""
    if isinstance(exercise, Selection):
        words = list(exercise.slips)
        masks = list(product((False, True), repeat=len(words)))[1:]
        return [frozenset(w for w, on in zip(words, mask, strict=True) if on) for mask in masks]
    others = {Number: [12345.678], Numbers: [(5, 5)], Choice: []}[type(exercise)]
    return [exercise.right, *exercise.slips, *others]


@pytest.fixture(scope="module")
def judged() -> dict[str, list[int | None]]:
    pairs = [(name, answer) for name, e in ASKED.items() for answer in all_answers(e)]
    found = verdicts([(ASKED[name], filled(ASKED[name], answer)) for name, answer in pairs])
    by_name: dict[str, list[int | None]] = {}
    for (name, _), verdict in zip(pairs, found, strict=True):
        by_name.setdefault(name, []).append(verdict)
    return by_name


@every
def test_page_and_package_say_the_same_to_every_answer(judged, name):
    exercise = ASKED[name]
    says = [sentence for _, sentence in quiz.sentences(exercise)]
    answers = all_answers(exercise)
    assert len(judged[name]) == len(answers)
    for answer, place in zip(answers, judged[name], strict=True):
        right = "Right." if place == 0 else "Not yet."
        assert f"{right} {says[place]}" == exercise.verdict(answer)


@every
def test_each_sentence_is_said_to_some_answer(judged, name):
    assert set(judged[name]) == set(range(len(quiz.sentences(ASKED[name]))))


TENTH = Number(asks="", right=0.1, because="", slips={}, tolerance=0.02, otherwise="No.")
ROOT_HALF = replace(TENTH, right=2**-0.5, slips={707: "", 2**0.5: ""})
COUNT = replace(TENTH, right=89_110, slips={88_920: "", 469: ""}, tolerance=0)
BOTH = replace(TENTH, right=1.758, slips={1758: "Thousands."}, tolerance=0)
PERCENT = replace(TENTH, right=25 / 3, percent=True)
LARGE = replace(TENTH, right=-1234567.5, tolerance=0)
ORDERED = Numbers(asks="", right=(4, -1j), because="", slips={}, otherwise="No.")
FREE = replace(ORDERED, in_order=False)
PARTS = replace(ORDERED, right=(0.5, 0.25), slips={(1, 2, 3): "Three."})

# What is typed, and what becomes of it: the place of a sentence (0 is right, the last one is for
# anything else), the meanings between which the reader is asked, or None for no number.
TYPED: list[tuple[Known[Any], Any, tuple[str, ...]]] = [
    (TENTH, 0, ("0.1", ".1", "1e-1", " 1/10 ", "10^-1", "10**-1", "0.1 °", "+0.1", "0.101999")),
    (TENTH, 0, ("0,1", "0,100", ",1", "1 / 10", "10 ^ −1", "1,0/10", "10%", "10 %", "10,0 %")),
    (TENTH, 0, ("０．１", "０，１", "１ ／ １０", "１０％", "1E-1", "1,000/10,000")),
    (TENTH, 1, ("0.1021", "−0.1", "-0.1", "–0,1", "1,000", "0", "1/0.1", "0.1%", "0,125")),
    (TENTH, None, ("", " ", "thirty", "1/0", "0.1.", "--1", "1 2", "1/2/3", "0 100", "0,100,000")),
    (TENTH, None, ("Infinity", "NaN", "0x10", "1e999", "(0.1)", "½", "10⁻¹", "٠٫١", "1,2.3")),
    (ROOT_HALF, 0, ("0,707", "0.7071", "0,70711", "2^-0,5", "70.7 %", "+0,707", "1/1,41421")),
    (ROOT_HALF, 1, ("707", "7,07e2")),
    (ROOT_HALF, 2, ("1,41", "1,414", "2^0.5")),
    (ROOT_HALF, 3, ("-0,707", "−0,707", "-0,250")),
    (COUNT, 0, ("89,110", "89110", "89 110", "89’110", "89,110.0", "89.110,0", "８９，１１０")),
    (COUNT, 1, ("88,920", "8,892e4")),
    (COUNT, 3, ("89.110", "89,11", "089,110", "-89,110")),
    (BOTH, [1758, 1.758], ("1,758", "+1,758", "１，７５８")),
    (BOTH, 0, ("1.758", "1,7580", "01,758")),
    (BOTH, 1, ("1758", "1,758.0", "1 758", "1.758,0")),
    (BOTH, 2, ("1,759", "-1,758")),
    (PERCENT, 0, ("8.33", "8,33 %", "25/3", "100 / 12", "8.33%")),
    (PERCENT, 1, ("0.0833", "1/12")),
    (LARGE, 0, ("-1,234,567.5", "−1 234 567.5", "−1234567.5", "−1’234’567.5", "-1.234.567,5")),
    (LARGE, 0, ("−1 234 567,5", "–1\u202f234\u202f567,5", "-1\xa0234\xa0567,5")),
    (ORDERED, 0, ("4, -i", "[4 −1j]", "(4; -1i)", "4,-i", "４，−ｉ", "4,0; -1,0i", "8 / 2, -i")),
    (ORDERED, 1, ("-i, 4", "4", "4, -i, 4", "4, i")),
    (ORDERED, None, ("", "four", "4, -i, x", ",")),
    (FREE, 0, ("-i, 4", "4 -i")),
    (PARTS, 0, ("0.5, 0.25", "0,5; 0,25", "0,5 0,25", "0,5, 0,25", "1/2, 25%", "[.5 .25]")),
    (PARTS, 1, ("1, 2, 3", "1,2,3", "1; 2,0; 3")),
    (PARTS, 2, ("0,5 25", "0,5")),
    (replace(PARTS, right=(1.5,), slips={(1, 5): ""}), ["1, 5", "1.5"], ("1,5",)),
    (replace(PARTS, right=(1.5,), slips={(1, 5): ""}), 0, ("1,5;", "1.5")),
]  # fmt: skip
CASES = [(e, wanted, text) for e, wanted, texts in TYPED for text in texts]


@pytest.fixture(scope="module")
def typed_verdicts() -> list[Any]:
    return verdicts([(exercise, text) for exercise, _, text in CASES])


def says_the_same(exercise: Known[Any], text: str, verdict: Any, capsys: Any) -> bool:
    """Return True if the package prints the page's reply to its verdict."""
    exercise(text)
    printed = capsys.readouterr().out
    if isinstance(verdict, list):
        return f"can mean {' or '.join(map(str, verdict))}: please write it" in printed
    if verdict is None:
        return printed.startswith("Not yet. The answer must be ")
    right = "Not yet." if verdict else "Right."
    return printed == f"{right} {quiz.sentences(exercise)[verdict][1]}\n"


@pytest.mark.parametrize("case", range(len(CASES)), ids=[ascii(text) for *_, text in CASES])
def test_numbers_as_people_type_them(typed_verdicts, capsys, case):
    exercise, wanted, text = CASES[case]
    assert typed_verdicts[case] == wanted
    assert says_the_same(exercise, text, wanted, capsys)


def test_page_and_package_read_alike_whatever_is_typed(capsys):
    draw = random.Random(0)
    letters = "00112357,,..--−/^*%° ieｉ，"
    texts = ["".join(draw.choices(letters, k=draw.randint(1, 8))) for _ in range(1500)]
    pairs = [(e, t) for t in texts for e in (TENTH, PERCENT, ORDERED, PARTS)]
    found = verdicts(pairs)
    differ = [
        (text, verdict)
        for (exercise, text), verdict in zip(pairs, found, strict=True)
        if not says_the_same(exercise, text, verdict, capsys)
    ]
    assert differ == []
    assert sum(verdict is not None for verdict in found) > 500


# --------------------------------------------------------------------- what the exit quiz claims


def right(name: str) -> Any:
    return EXIT[name].exercise.right


def slips(name: str) -> list[Any]:
    return list(EXIT[name].exercise.slips)


def test_ten_questions_each_with_a_misconception_or_more():
    assert len(EXIT) == 10
    for question in EXIT.values():
        exercise = question.exercise
        assert len(exercise.slips) >= 2 + isinstance(exercise, Choice)
        assert all(says.endswith((".", "?")) for says in exercise.slips.values())


def test_every_unit_hears_the_same_under_gevb_and_under_no_other_rule():
    network = gevb.build("digits", "fc")
    test = gevb.load("digits").test
    heard = {
        name: torch.cat(gevb.make_rule(name, network).feedbacks(test.x[:4], test.y[:4]), 1)
        for name in ("gevb", "bp", "dfa")
    }
    same = {name: bool((h == h[:, :1]).all()) for name, h in heard.items()}
    assert same == {"gevb": True, "bp": False, "dfa": False}
    assert "the same for every unit" in right("hears")


def test_weights_between_the_layers():
    network = Network((1, 28, 28), 10, (FC(1024), FC(512)))
    first, between, _ = (layer.weights.weight.numel() for layer in network.layers)
    assert right("weights") == between
    assert slips("weights") == [network.K * between, first]


def test_change_of_a_weight():
    e, a, rate = torch.tensor([[0.2, -0.7, 0.5]]), torch.tensor([[[1.0], [2.0], [0.0]]]), 0.1
    update = contract(a, e).item()
    wanted = [f"by ${x:+.2g}$" for x in (-rate * update, rate * update, -update)]
    assert [right("change"), *slips("change")[:2]] == wanted
    assert all(f"{value:g}" in EXIT["change"].exercise.asks for value in (*e[0].tolist(), rate))


def test_signs_agree_for_every_example_with_a_gradient_and_not_for_every_batch():
    agree = agreement(broken_case("gate", 0, seed=seed) for seed in range(20))
    assert set(agree) == {100}
    network, x, _ = broken_case("gate", 0, seed=0)
    trace = exact.forward(network, x)
    assert all(d >= 0 for layer in exact.feedback(network, trace) for d in layer)
    feedback, updates = (1, 5), (3, -1)  # of two examples
    assert sum(updates) > 0 > sum(d * u for d, u in zip(feedback, updates, strict=True))
    assert "each example" in right("signs")
    assert "nonnegative" in right("nonnegative")


def test_rectifiers_lose_the_guarantee_with_nonnegative_weights_and_single_examples():
    agree = agreement(broken_case("relu", 0, seed=seed) for seed in range(40))
    assert min(agree) < 100
    assert right("rectifier") == "it is lost"


def test_independent_numbers_of_the_error():
    network = gevb.build("digits", "fc").double()
    test = gevb.load("digits").test
    _, e = gevb.cross_entropy(network(test.x[:200].double()), test.y[:200])
    assert right("independent") == int(torch.linalg.matrix_rank(e))


def test_without_a_backward_path():
    """GEVB's feedback is the same whatever the weights above."""
    network = gevb.build("digits", "fc")
    test = gevb.load("digits").test
    rule = gevb.GEVB(network)
    before = rule.feedbacks(test.x[:4], test.y[:4])
    with torch.no_grad():
        network.layers[1].weights.weight.mul_(0.5)
    after = rule.feedbacks(test.x[:4], test.y[:4])
    assert all(map(torch.equal, before, after))
    assert right("without") == "a backward path"


def test_published_results():
    lines = (ROOT / "data" / "published" / "error_rates.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    means = {
        (row["dataset"], row["architecture"], row["rule"]): float(row["test_error_percent"])
        for row in rows
        if (row["network"], row["signs"]) == ("vectorized", "nonnegative")
    }
    behind = {
        key[:2]: round(error - means[*key[:2], "bp"], 2)
        for key, error in means.items()
        if key[2] == "gevb"
    }
    assert len(behind) == 6
    ahead = [gap for gap in behind.values() if gap < 0]
    assert ahead == [-0.06]
    convolutional = [round(gap, 1) for (_, arch), gap in behind.items() if arch == "conv"]
    others = [abs(gap) for (_, arch), gap in behind.items() if arch != "conv"]
    assert convolutional == [1.0, 2.9]
    assert max(others) < 0.6
    assert max(gap for (data, _), gap in behind.items() if data == "cifar10") < 3
    says = EXIT["results"].exercise
    assert "within 0.6 points in fully and locally" in says.because
    assert "1.0 and 2.9 points behind" in says.because
    assert "lower, by 0.06 points" in says.slips["better"]
    assert "within 3 points" in says.slips["well on MNIST, but it fails beyond"]


def test_a_kernel_whose_sum_turns():
    terms, feedback = (2, -1), (1, 3)
    signs = (sum(terms), sum(d * u for d, u in zip(feedback, terms, strict=True)))
    plus_minus = ["$+$" if value > 0 else "$-$" for value in signs]
    assert right("kernel") == "GEVB {}, gradient {}".format(*plus_minus)
    numbers = re.findall(r"[+-]\d", EXIT["kernel"].exercise.asks)
    assert tuple(map(int, numbers)) == terms


# ------------------------------------------------------------------------------ files of questions


def refused(tmp_path: Path, text: str) -> str:
    file = tmp_path / "q.yml"
    file.write_text(text)
    with pytest.raises(ExtensionError) as caught:
        quiz.read_quiz(file)
    return str(caught.value)


ONE = "- {name: a, asks: b, choices: [{says: c, right: d}, {says: e, wrong: f}]}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "got NoneType, wanted a list of questions"),
        ("a: b", "got dict, wanted a list"),
        ("- [", "q.yml: while parsing"),
        ("- 7", "question 1: TypeError"),
        ("- {asks: b, number: 1}", "question 1: KeyError('name')"),
        ("- {name: a, asks: b, number: 1, slips: {}}", "because"),
        (ONE.replace("asks: b", "asks: b, hint: c"), "unexpected keyword argument 'hint'"),
        (ONE.replace("says: e", "says: c"), "wanted different texts"),
        (ONE.replace("says: e", "says: 7"), "wanted different texts"),
        (ONE.replace("wrong", "because"), "wanted different texts"),
        (ONE.replace("right", "wrong"), "question 1: ValueError"),
        (ONE.replace("wrong", "right"), "question 1: ValueError"),
        (ONE * 2, "question 2: another one has its name"),
    ],
)
def test_a_file_that_is_no_quiz_is_refused_with_the_place(tmp_path, text, says):
    assert says in refused(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ExtensionError, match="No such file"):
        quiz.read_quiz(tmp_path / "none.yml")


def test_choices_of_a_chapter_do_not_tell_the_answer_by_their_order():
    exercise = ASKED["training.check_checkpoint"]
    words = quiz.of_exercise("", exercise).choices
    assert words == tuple(sorted(exercise.slips))
