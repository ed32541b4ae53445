"""What people did with media, by month."""
