"""Addresses by which anyone may fetch one file for a while."""
