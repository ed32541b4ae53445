"""Links to one medium, for whoever has them."""
