"""What statements lock, rewrite, build and scan, by the Snapshot before; asks no server."""
