"""Accounts: who may come in, made, changed and erased as events."""
