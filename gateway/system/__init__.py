"""The installation itself: its processes, its machine, and whether the gateway has what it needs."""
