"""What a database has beside relations, types and functions, as frozen values."""

from typing import Annotated

from msgspec import Struct

from zdm.model.fields.declared import ESTIMATE, PRINTED


class Extension(Struct, frozen=True, kw_only=True):
    """An installed extension; the objects it owns are no part of the Snapshot."""

    name: str
    schema: str
    version: Annotated[str, ESTIMATE]


class Publication(Struct, frozen=True, kw_only=True):
    """A logical replication publication."""

    name: str
    definition: Annotated[str, PRINTED]
    all_tables: bool = False
    schemas: tuple[str, ...] = ()  # FOR TABLES IN SCHEMA
    comment: str | None = None


class ForeignServer(Struct, frozen=True, kw_only=True):
    """A foreign server, without options and user mappings, which may hold passwords."""

    name: str
    wrapper: str
    grants: tuple[str, ...] = ()
    comment: str | None = None


class Other(Struct, frozen=True, kw_only=True):
    """An object of a kind about which zdm knows no more: operator, cast, collation …"""

    kind: str  # as pg_identify_object has it
    name: str  # its identity there: quoted and qualified
    # statements that make it; empty where only a superuser may, or zdm does not know them
    definition: Annotated[str, PRINTED] = ""
    grants: tuple[str, ...] = ()  # of a schema: what its definition gives
    comment: str | None = None


class Setting(Struct, frozen=True, kw_only=True):
    """A setting that a new session of the migrating role gets (ALTER DATABASE, ALTER ROLE)."""

    name: str
    value: str
    role: str = ""  # another one, that has rights in the schema: ALTER ROLE alone


class Unshown(Struct, frozen=True, kw_only=True):
    """Schemas and names that a question to the catalog may find and a Snapshot does not have:
    of zdm and extensions; those of the server are in `server_names`. And relations that the
    role does not own, which information_schema may hide from it."""

    names: frozenset[tuple[str, str]] = frozenset()
    not_owned: frozenset[tuple[str, str]] = frozenset()


class Membership(Struct, frozen=True, kw_only=True):
    """A role that is a member of another; both have rights in the schema."""

    member: str
    of: str
