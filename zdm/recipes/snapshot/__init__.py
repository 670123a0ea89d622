"""What statements leave in a Snapshot; makes no steps."""
