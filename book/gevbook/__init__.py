"""Contents of the chapters: shared code, and one folder per chapter, named like its notebook."""
