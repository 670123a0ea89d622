"""A plan on a throwaway server and what was seen there; never the real database."""
