"""Media that the virus scanner found something in: administrators let them in or have them destroyed."""
