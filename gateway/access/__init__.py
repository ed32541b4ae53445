"""Who may see and change one thing: owners, libraries, what was granted, and links that were shared."""
