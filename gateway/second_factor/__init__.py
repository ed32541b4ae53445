"""A second factor beside the password."""
