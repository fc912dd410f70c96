"""Measurements of the chapter."""
