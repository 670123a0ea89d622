"""Facts about types; makes no steps."""
