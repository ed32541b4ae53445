"""Jobs: what was asked to be made of media, and how far that is."""
