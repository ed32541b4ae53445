"""Who was let do what, and who was not: written down once, chained, and looked through again."""
