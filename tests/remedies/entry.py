"""One remedy, tried: what is refused, and the same with its remedy, which is planned."""

from dataclasses import dataclass

USERS = """
CREATE TABLE users (id bigint PRIMARY KEY, email text, name text, n int, at timestamp);
"""
EXPAND = "-- zdm: run in expand -- reviewed\n"
CONTRACT = "-- zdm: run in contract -- reviewed\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`fixed` are trains, each planned on the schema that the ones before it leave; `start` is
    the schema after the remedy where it is the start that was wrong."""

    slug: str  # of the refusal; `hazard`: it is planned; empty: it cannot be read at all
    before: str = USERS
    refused: str
    fixed: tuple[str, ...]
    start: str = ""
