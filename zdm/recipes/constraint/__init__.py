"""Constraints in steps that do not block."""
