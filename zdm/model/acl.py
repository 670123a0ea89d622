"""Entries of an access list as PostgreSQL prints them: `role=rw*/grantor`.

A name with other characters than letters, digits and `_` is in double quotes; without a
grantee the entry is for PUBLIC (manual, chapter 5.8, "Privileges").
"""

import re
from dataclasses import dataclass

from zdm.errors import InputError

PRIVILEGES = {
    "r": "SELECT",
    "a": "INSERT",
    "w": "UPDATE",
    "d": "DELETE",
    "D": "TRUNCATE",
    "x": "REFERENCES",
    "t": "TRIGGER",
    "X": "EXECUTE",
    "U": "USAGE",
    "C": "CREATE",
    "c": "CONNECT",
    "T": "TEMPORARY",
    "s": "SET",  # from 15 on, as ALTER SYSTEM
    "A": "ALTER SYSTEM",
    "m": "MAINTAIN",  # from 17 on
}
_NAME = r'"(?:[^"]|"")*"|[^"=/]*'
_ITEM = re.compile(rf"({_NAME})=((?:[{''.join(PRIVILEGES)}]\*?)*)/({_NAME})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Privilege:
    """One privilege, by the word that GRANT takes; `grantable`: WITH GRANT OPTION."""

    name: str
    grantable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who has been granted what, and by whom."""

    grantee: str  # empty: PUBLIC
    privileges: tuple[Privilege, ...]  # empty: PUBLIC lost what it has by default
    grantor: str  # empty: the owner


def parse(item: str) -> Entry:
    """The entry; raises InputError where PostgreSQL would not print it so."""
    found = _ITEM.fullmatch(item)
    if found is None:
        raise InputError(
            f"`{item}` is not an entry of an access list, so its privileges are unknown",
            hint="make a new snapshot of the database",
        )
    letters = re.findall(r"(\w)(\*?)", found[2])
    return Entry(
        grantee=_unquoted(found[1]),
        privileges=tuple(
            Privilege(name=PRIVILEGES[letter], grantable=bool(star)) for letter, star in letters
        ),
        grantor=_unquoted(found[3]),
    )


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
