"""Indexes: how they are built, named, and which of them a backfill walks."""
