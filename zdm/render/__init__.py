"""Values to text, one output per file."""
