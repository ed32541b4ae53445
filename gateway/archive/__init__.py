"""Media that lie in storage that costs less, and the way there and back."""
