"""A medium's versions: its file is replaced, and that can be undone."""
