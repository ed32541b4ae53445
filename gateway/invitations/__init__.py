"""Invitations: letting someone make an account, once."""
