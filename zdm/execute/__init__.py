"""The runner, its ports, its states and its gate."""
