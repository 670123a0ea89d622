"""Statements that change rows, read as work on one row; it asks for no Snapshot."""
