"""Uploads that survive cuts: the tus protocol, 1.0.0."""
