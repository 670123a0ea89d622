"""Rewrites and scans under a lock that blocks."""
