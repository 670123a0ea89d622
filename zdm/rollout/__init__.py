"""Platforms that run the application, one driver per file."""
