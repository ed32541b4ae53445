"""Shared libraries: media that several people have together."""
