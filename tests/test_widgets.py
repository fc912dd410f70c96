"""The laboratories of the chapters on alignment and ON/OFF initialization."""

from __future__ import annotations

import ipywidgets
import pytest

from gevb.companion.alignment import widget as alignment
from gevb.companion.on_off import widget as on_off


@pytest.mark.parametrize(
    ("laboratory", "module", "says"),
    [
        (alignment.width_laboratory, alignment, "predicted 55.7°"),
        (on_off.plane_laboratory, on_off, "plain: mean cosine"),
    ],
)
def test_laboratory_draws(laboratory, module, says, monkeypatch):
    drawn = []
    monkeypatch.setattr(module, "display", drawn.append)
    box = laboratory()
    button = next(c for c in box.children if isinstance(c, ipywidgets.Button))
    button.click()
    assert len(drawn) == 1
    assert drawn[0].layout.meta["alt"]
    assert any(says in c.value for c in box.children if isinstance(c, ipywidgets.HTML))
    first = box.children[0].children[1]
    first.value = next(v for v in first.options if v != first.value)
    assert len(drawn) == 2
