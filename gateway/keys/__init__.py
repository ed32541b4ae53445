"""API keys: for programs that act for someone."""
