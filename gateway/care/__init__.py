"""Care of the store: chores that people order."""
