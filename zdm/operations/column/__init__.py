"""Changes of a column."""
