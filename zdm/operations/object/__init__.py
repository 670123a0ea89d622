"""Changes of objects other than tables, and comments on any object."""
