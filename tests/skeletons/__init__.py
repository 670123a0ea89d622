"""Writes the skeleton of a new operation, rule or driver: every file it needs, its line in the
registry, its line in the changelog. What is left to be filled in says SKELETON, and fails.

python -m tests.skeletons operation SLUG SUBJECT
python -m tests.skeletons rule SLUG CATEGORY
python -m tests.skeletons driver SLUG
"""
