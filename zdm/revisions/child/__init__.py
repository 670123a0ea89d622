"""Runs inside the sandboxed process of a revision; only it executes the project's code."""
