"""Columns: new, dual-written, with their dependents; may use the other subjects of recipes."""
