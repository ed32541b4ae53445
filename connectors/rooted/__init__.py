"""Folders of people's own, by name: what is asked for below one is found there or nowhere."""
