"""One module for each outside system; `ports.py` says what the rest of the code may ask of them."""
