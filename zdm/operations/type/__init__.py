"""Changes of a type."""
