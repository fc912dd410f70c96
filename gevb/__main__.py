"""`python -m gevb`."""

from gevb.cli import main

main()
