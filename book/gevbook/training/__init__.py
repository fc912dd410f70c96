"""The chapter's figures, exercises and widget."""
