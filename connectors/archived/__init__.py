"""A second folder for blobs that are files: where uploads are that hardly anyone asks for."""
