"""What a statement says, read from its tree; makes no steps."""
