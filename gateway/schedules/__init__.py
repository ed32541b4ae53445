"""Schedules: chores that come again."""
