from __future__ import annotations

import pytest

from gevbook.speed import exercises as speed


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (100 / 12, "Right. A twelfth"),
        (100 / 3, "conventional network"),
        (1000 / 21, "one scalar per unit"),
        (100 / 21, "contracted first"),
        (50, "Not yet. Forward"),
    ],
)
def test_saving(answer, said, capsys):
    speed.check_saving(answer)
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("memory", "Right"),
        ("arithmetic", "128 share the load"),
    ],
)
def test_bound(answer, said, capsys):
    speed.check_bound(answer)
    assert said in capsys.readouterr().out
