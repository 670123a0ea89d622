"""Rights, functions and search paths."""
