"""The contract: which topics there are, what their records hold, and how they look on the wire."""
