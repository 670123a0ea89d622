"""A step of a plan on the real database: locks, watch, limits; the port `Database`."""
