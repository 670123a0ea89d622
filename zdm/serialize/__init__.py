"""Frozen values to text and back: plan and snapshot files; does not know who reads them."""
