"""Triggers that keep values while two versions run."""
