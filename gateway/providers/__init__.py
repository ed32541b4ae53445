"""Signing in with an account of others: Google, GitHub, and any OpenID provider."""
