"""Where in the hierarchy each medium stands, decided whenever something is learned of it."""
