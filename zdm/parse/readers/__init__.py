"""Readers of a parsed statement: what it does and says, by libpg_query and by sqlglot."""
