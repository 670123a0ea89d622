"""Locks, timeouts and transactions in which others wait."""
