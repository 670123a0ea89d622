"""Constraints that are checked while others wait."""
