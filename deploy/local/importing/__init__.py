"""Moving here from another system: what it kept is read, never changed, and taken over through the API."""
