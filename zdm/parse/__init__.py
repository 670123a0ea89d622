"""Bytes to Statements and Facts; pure."""
