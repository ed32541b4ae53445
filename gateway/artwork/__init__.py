"""Images that people give to media: looked at by a worker before anybody sees them."""
