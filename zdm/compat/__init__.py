"""Does version V work in schema state S?; pure."""
