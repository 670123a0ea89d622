"""The journal: runs, orders, history, versions; the only writer of zdm's own tables."""
