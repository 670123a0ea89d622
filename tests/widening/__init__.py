"""A key becomes bigint, with three tables that refer to it, beside 16 writers."""
