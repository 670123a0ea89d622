"""Changes of objects other than tables, and of what is said about objects."""
