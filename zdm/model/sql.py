"""The only quoting: names and values become SQL here and nowhere else.

PostgreSQL cuts identifiers to 63 bytes (NAMEDATALEN - 1; manual, chapter 4.1.1), so names
that zdm makes are cut here first, with a hash that keeps them apart.
"""

import hashlib

MAX_NAME_BYTES = 63
TRIGGER_PREFIX = "zzz_zdm_"  # of zdm's triggers on tables of the application
_HASH_DIGITS = 8


def ident(*parts: str) -> str:
    """Quote one name, or the parts of a qualified one, always with double quotes."""
    return ".".join(['"' + part.replace('"', '""') + '"' for part in parts if part])


def literal(value: str) -> str:
    """Quote a value as a string constant that means the same under any setting."""
    quoted = value.replace("'", "''")
    if "\\" in quoted:  # standard_conforming_strings may be off; E'' is read alike in both
        return " E'" + quoted.replace("\\", "\\\\") + "'"
    return "'" + quoted + "'"


def zdm_name(*parts: str, prefix: str = "zdm_") -> str:
    """Name an object of zdm's own: prefix and parts, cut to 63 bytes with a hash."""
    name = prefix + "_".join(parts)
    encoded = name.encode()
    if len(encoded) <= MAX_NAME_BYTES:
        return name
    digest = hashlib.sha256(encoded).hexdigest()[:_HASH_DIGITS]
    kept = encoded[: MAX_NAME_BYTES - _HASH_DIGITS - 1].decode(errors="ignore")
    return f"{kept}_{digest}"
