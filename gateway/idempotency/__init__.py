"""The same command, sent again with the same key, is done once."""
