"""What runs inside the fenced process of a revision; only it executes code of the project."""
