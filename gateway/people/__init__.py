"""People who had a part in media, and their photos."""
