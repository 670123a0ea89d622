"""Changes of an index."""
