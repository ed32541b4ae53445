"""How much of what anyone may ask for in a while."""
