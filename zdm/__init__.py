"""Expand and contract PostgreSQL schema changes between application rollouts."""

__version__ = "0.1.0"
