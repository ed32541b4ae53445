"""Profiles: those that are always there, and those that people make."""
