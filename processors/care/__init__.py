"""Care of the store: what nothing refers to is found and removed, and what is there is read again."""
