"""Statements taken as they are written."""
