"""Who is asking, and what they may do: tokens, sessions, keys, roles, and the directory of accounts."""
