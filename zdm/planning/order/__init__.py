"""Whether statements that share rows run in the author's order."""
