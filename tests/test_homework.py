"""The homework: its checker knows the right answers and the slips, students get no solutions."""

from __future__ import annotations

import re

import pytest
import torch
from conftest import ROOT

from bookext import homework
from gevbook.homework import exercises

GIVEN = exercises.given()
WANTED, GRADIENT = exercises.both(exercises.network(), 0, 32)


def says(capsys, check, answer):
    check(answer)
    return capsys.readouterr().out.strip()


def test_the_update_by_index_sums():
    gates, e, a = GIVEN
    for i, j in [(3, 5), (40, 100)]:
        total = sum(
            gates[b, i] * e[b, k] * a[b, k, j] for b in range(len(e)) for k in range(e.shape[1])
        )
        torch.testing.assert_close(total, WANTED[i, j], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (torch.einsum("bi,bk,bkj->ij", *GIVEN), "Right"),
        (-WANTED, "minus sign"),
        (GRADIENT, "That is the gradient"),
        (WANTED / 32, "divided by the number"),
        (WANTED * 32, "carry the 1/32"),
        (torch.einsum("bk,bkj->j", GIVEN.e, GIVEN.a).expand(64, -1), "gate is missing"),
        (torch.einsum("bi,bk,blj->ij", *GIVEN), "Component by component"),
        (2 * WANTED, "all of its indices"),
        (WANTED.T, "The answer must be a torch tensor"),
    ],
)
def test_update(capsys, answer, wanted):
    assert wanted in says(capsys, exercises.check_update, answer)


def test_shares(capsys):
    vnn, mixed = (exercises.shares(exercises.network(signs)) for signs in (True, False))
    check = exercises.check_shares
    assert says(capsys, check, [vnn, mixed]).startswith("Right. In the VNN always 100 %")
    assert "other way round" in says(capsys, check, [mixed, vnn])
    fractions = [[v / 100 for v in part] for part in (vnn, mixed)]
    assert "in percent" in says(capsys, check, fractions)
    zeros = [exercises.shares(exercises.network(signs), zeros=True) for signs in (True, False)]
    assert "gradient is zero" in says(capsys, check, zeros)
    assert "One image at a time" in says(capsys, check, [[50.0] * 100] * 2)


def turning(condition):
    """A weight of the first layer at which images 0 and 1 stand in a certain relation."""
    pairs = [exercises.both(exercises.network(), k, k + 1, layer=0) for k in (0, 1)]
    u, g = (torch.stack(values) for values in zip(*pairs, strict=True))
    return (0, 1, *condition(u, g).nonzero()[0].tolist())


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        (lambda u, g: (g.prod(0) != 0) & (u.sum(0) * g.sum(0) < 0), "Right"),
        (lambda u, g: (u.prod(0) < 0) & (g.prod(0) != 0) & (u.sum(0) * g.sum(0) > 0), "same one"),
        (lambda u, g: u.prod(0) > 0, "pull the same way"),
        (lambda u, g: (g[0] == 0) & (g[1] != 0), "cannot pull"),
    ],
)
def test_turning_batch(capsys, condition, wanted):
    assert wanted in says(capsys, exercises.check_turning_batch, turning(condition))


def test_turning_batch_names_both_images_values(capsys):
    first, second, *place = turning(lambda u, g: u.prod(0) > 0)
    pairs = [exercises.both(exercises.network(), k, k + 1, layer=0) for k in (first, second)]
    (u, v), (g, h) = (
        [float(values[tuple(place)]) for values in both] for both in zip(*pairs, strict=True)
    )
    said = says(capsys, exercises.check_turning_batch, (first, second, *place))
    assert f"GEVB {u:.2g} and {v:.2g}, the gradient {g:.2g} and {h:.2g}" in said


def test_turning_batch_takes_two_images_and_a_weight(capsys):
    check = exercises.check_turning_batch
    assert "Two different images" in says(capsys, check, (4, 4, 0, 0, 30))
    assert "five whole numbers" in says(capsys, check, (0, 1, 10, 0, 0))


def test_no_batch_turns_a_weight_into_the_last_hidden_layer():
    """The feedback there is the same for all images, as the third task asks to explain."""
    updates, gradients = zip(
        *(exercises.both(exercises.network(), k, k + 1) for k in range(40)), strict=True
    )
    assert int((sum(updates) * sum(gradients) < 0).sum()) == 0


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (5, "Right"),
        (2, "other sign"),
        (8, "no unit would lean"),
        (6, "leans to neither"),
        (7, "have a gradient"),
        (3, "Compare"),
    ],
)
def test_one_number(capsys, answer, wanted):
    assert wanted in says(capsys, exercises.check_one_number, answer)


def test_the_notebook_s_table_is_the_checker_s():
    text = next(c.source for c in homework.with_solutions().cells if "to output 1 |" in c.source)
    rows = [
        [int(v) for v in row.split("|")[2:-1]]
        for row in text.splitlines()
        if row.startswith("| to output")
    ]
    assert tuple(zip(*rows, strict=True)) == exercises.OUTPUT_WEIGHTS


# ------------------------------------------------------------------------- the two notebooks


def test_the_solutions_pass_the_checks():
    """Compare the stored outputs, which nbval compares with a run."""
    teacher = homework.with_solutions().cells
    checks = set(re.findall(r"exercises\.(check_\w+)", "\n".join(c.source for c in teacher)))
    passed = [c.source for c in teacher if homework.is_solution(c) and "\nRight. " in c.source]
    assert set(re.findall(r"exercises\.(check_\w+)", "\n".join(passed))) == checks
    assert len(passed) == len(checks) == 5


def test_students_get_the_tasks_and_no_solutions():
    teacher, student = homework.with_solutions(), homework.for_students(homework.with_solutions())
    assert homework.tasks(student) == homework.tasks(teacher)
    folded = [cell.source for cell in teacher.cells if "<summary>Solution" in cell.source]
    assert len(folded) == len(homework.tasks(teacher))
    kept = [cell.source for cell in student.cells]
    assert not [text for text in folded if text in kept]
    assert "Solution" not in "".join(kept)
    assert not [
        cell for cell in student.cells if cell.get("outputs") or cell.get("execution_count")
    ]


def test_the_grading_table_has_every_task_with_its_points():
    found = homework.tasks(homework.with_solutions())
    assert len(found) == 6
    assert sum(found.values()) == 20
    page = (ROOT / "book" / "teach" / "homework.md").read_text()
    rows = re.findall(r"^\| (Task .*?) \| (\d+): ", page, re.MULTILINE)
    assert {title: int(points) for title, points in rows} == found
    for section in (str(sum(found.values())), "Six"):
        assert section in page
