"""What people say of media: titles, descriptions, tags, categories, fields of their own."""
