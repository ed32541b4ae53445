"""The embedded stack, and the command that starts, watches and uses it."""
