"""A way back for who has forgotten their password."""
