"""Playback: how a client is to play a medium, and what it then fetches."""
