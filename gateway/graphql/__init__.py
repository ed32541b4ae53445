"""GraphQL over what the other routes read and order: the same permissions, problems and commands."""
