"""Signing in and out: sessions and the tokens that they go on with."""
