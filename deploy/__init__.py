"""How Sluice runs: the embedded stack, and the files for containers and clusters."""
