"""The mathematics of the theory chapters, one module a subject."""
