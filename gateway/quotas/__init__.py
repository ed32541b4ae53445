"""How much of the store each person may fill."""
