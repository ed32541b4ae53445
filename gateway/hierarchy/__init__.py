"""The hierarchy of a library: series, seasons, films, artists, albums and folders, and the media in them."""
