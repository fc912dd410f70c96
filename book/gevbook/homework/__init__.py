"""What the homework asks and checks."""
