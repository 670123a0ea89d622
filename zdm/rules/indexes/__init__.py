"""Indexes that are built or dropped while others wait."""
