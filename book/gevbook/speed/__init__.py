"""Figures, exercises and widget of the chapter."""
