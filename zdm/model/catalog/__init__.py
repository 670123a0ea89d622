"""What a Snapshot holds and how it is found; no reader of a server."""
