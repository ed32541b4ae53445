"""Media: what was uploaded, and what is known about it."""
