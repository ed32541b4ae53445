"""Taking media in: what arrives is sniffed, probed, hashed, and accepted or rejected with reasons."""
