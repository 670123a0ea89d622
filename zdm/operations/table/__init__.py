"""Changes of a whole table."""
