"""What a database has beside relations, types and functions, as frozen values."""

from dataclasses import dataclass, field

ESTIMATE = {"estimate": True}  # metadata of fields that the fingerprint leaves out
# SQL that PostgreSQL prints from what it stored; read once, it may be printed differently
PRINTED = {"printed": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """An installed extension; the objects it owns are no part of the Snapshot."""

    name: str
    schema: str
    version: str = field(metadata=ESTIMATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A logical replication publication."""

    name: str
    definition: str = field(metadata=PRINTED)
    all_tables: bool = False
    schemas: tuple[str, ...] = ()  # FOR TABLES IN SCHEMA
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignServer:
    """A foreign server, without options and user mappings, which may hold passwords."""

    name: str
    wrapper: str
    grants: tuple[str, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """An object of a kind about which zdm knows no more: operator, cast, collation …"""

    kind: str  # as pg_identify_object has it
    name: str  # its identity there: quoted and qualified
    definition: str = field(
        default="", metadata=PRINTED
    )  # statements that make it; empty where only a superuser may, or zdm does not know them
    grants: tuple[str, ...] = ()  # of a schema: what its definition gives
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting that a new session of the migrating role gets (ALTER DATABASE, ALTER ROLE)."""

    name: str
    value: str
    role: str = ""  # another one, that has rights in the schema: ALTER ROLE alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Unshown:
    """Schemas and names that a question to the catalog may find and a Snapshot does not have:
    of the server, zdm and extensions. And relations that the role does not own, which
    information_schema may hide from it."""

    names: frozenset[tuple[str, str]] = frozenset()
    not_owned: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A role that is a member of another; both have rights in the schema."""

    member: str
    of: str
