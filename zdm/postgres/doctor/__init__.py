"""Checks of the database for what would stop a run; they change nothing."""
