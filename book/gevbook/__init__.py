"""What the chapters show: shared words, and one folder a chapter, named like its notebook."""
