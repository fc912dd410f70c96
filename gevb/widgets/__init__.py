"""ipywidgets for the live notebook. They need a kernel; the book shows a figure beside each."""

from gevb.widgets.training import training_laboratory

__all__ = ["training_laboratory"]
