"""Questions and checks of the homework."""
