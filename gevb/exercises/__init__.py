"""Checkers of the exercises, one module a chapter; each names the likely misconception."""
