"""The chapter's measurements."""
