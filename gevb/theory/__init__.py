"""Mathematics of the theory chapters, one module per subject."""
