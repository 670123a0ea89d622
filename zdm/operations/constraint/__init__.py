"""Changes of a constraint."""
