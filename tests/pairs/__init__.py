"""Every ordered pair of changes: planned right, or refused by name, and never in between."""
