"""What `zdm check` does, by its inputs; prints nothing."""
