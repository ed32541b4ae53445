"""Stages that turn events into work and into more events, and the workers that do the work."""
