"""Subtitle files: read into cues, changed by patching their own bytes, and converted with a report."""
