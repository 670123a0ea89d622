"""DO blocks that only ask the catalog what is there; it asks for no Snapshot."""
