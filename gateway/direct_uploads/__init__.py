"""Uploads whose bytes go straight into the store."""
