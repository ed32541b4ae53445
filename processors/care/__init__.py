"""Care of the store: what nothing refers to any more is found and removed, and what is there is read again."""
