"""Measurements; each is a program of its own (`make bench`)."""
