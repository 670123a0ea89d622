"""What a statement leaves in the schema, on a Snapshot; makes no steps, asks no server."""
