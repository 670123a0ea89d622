"""Objects other than tables; no steps of tables."""
