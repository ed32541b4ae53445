"""How much of the store is used, by whom and by what, now and over time."""
