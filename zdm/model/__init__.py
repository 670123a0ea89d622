"""The vocabulary: frozen values, no library but msgspec."""
