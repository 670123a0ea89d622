"""Use cases: each joins stages and adapters and returns a value; no printing."""
