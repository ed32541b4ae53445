"""People's own state of works: where they are in them, what they have played, and what they hold dear."""
