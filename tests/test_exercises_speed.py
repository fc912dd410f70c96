from __future__ import annotations

import pytest

from gevb.companion.speed import exercises as speed


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "Put your answer in"),
        (100 / 12, "Right: a twelfth"),
        (100 / 3, "conventional network"),
        (1000 / 21, "one scalar per unit"),
        (100 / 21, "contracted first"),
        (50, "Not that"),
    ],
)
def test_saving(answer, said, capsys):
    speed.check_saving(answer)
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "Put your answer in"),
        ("memory", "Right"),
        ("arithmetic", "128 share the load"),
        ("both", 'Answer "arithmetic" or "memory"'),
    ],
)
def test_bound(answer, said, capsys):
    speed.check_bound(answer, 128)
    assert said in capsys.readouterr().out
