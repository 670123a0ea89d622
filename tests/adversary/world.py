"""A world as values: what shrinking takes pieces from, and its SQL."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.adversary.kinds import BY_NAME
from zdm.model.sql import ident, literal

OWNER = "zadv_owner"  # executes the plan; no superuser
APP = "zadv_app"  # writes
GROUP = "zadv_group"  # of the owner alone; may own what the migration gives it
FILE = "migration.sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; `rest` follows its type."""

    name: str
    kind: str
    rest: str = ""
    computed: bool = False  # generated, or an identity that is always generated
    distinct: bool = False  # part of something unique

    @property
    def sql(self) -> str:
        """Its definition."""
        return f"{ident(self.name)} {self.kind} {self.rest}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table with what belongs to it."""

    name: str
    columns: tuple[Column, ...]
    constraints: tuple[str, ...] = ()
    tail: str = ""  # PARTITION BY …
    parts: tuple[str, ...] = ()  # partitions: the table needs them
    extras: tuple[str, ...] = ()  # indexes, triggers, children, policies: each may go
    rows: tuple[tuple[str, ...], ...] = ()
    grants: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """The table's name in SQL."""
        return ident("public", self.name)

    def statements(self) -> Iterator[str]:
        """CREATE TABLE and everything after it."""
        inside = ",\n  ".join((*(c.sql for c in self.columns), *self.constraints))
        yield f"CREATE TABLE {self.sql} (\n  {inside}\n) {self.tail}".rstrip() + ";"
        yield from self.parts
        if self.rows:
            names = ", ".join(ident(c.name) for c in self.columns if not c.computed)
            values = ",\n  ".join(f"({', '.join(row)})" for row in self.rows)
            yield (
                f"INSERT INTO {self.sql} ({names}) OVERRIDING SYSTEM VALUE VALUES\n  {values};"
            )
        yield from self.extras
        yield from self.grants


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one generator made: statements that belong together."""

    slug: str
    sql: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that one trial needs."""

    seed: int
    major: int
    tables: tuple[Table, ...]
    changes: tuple[Change, ...]
    extras: tuple[str, ...] = ()  # functions, views, publications
    settings: dict[str, str] = field(default_factory=dict)  # of the application's sessions
    back: bool = False  # rolled back before the rollout
    writers: bool = True

    @property
    def before(self) -> str:
        """before.sql, run as a superuser."""
        return "\n".join((*self._prelude(), *self._made(), "RESET ROLE;", ""))

    def _prelude(self) -> Iterator[str]:
        yield "CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;"
        yield f"GRANT ALL ON SCHEMA public TO {OWNER};"
        yield f"GRANT USAGE ON SCHEMA public TO {APP};"
        if GROUP in self.migration:
            yield f"GRANT USAGE, CREATE ON SCHEMA public TO {GROUP};"
        yield f"SET ROLE {OWNER};"

    def _made(self) -> Iterator[str]:
        kinds = {c.kind.removeprefix("public.") for t in self.tables for c in t.columns}
        text = "\n".join((*(x for t in self.tables for x in t.extras), self.migration))
        for kind in BY_NAME.values():
            if kind.makes and (kind.name in kinds or f"public.{kind.name}" in text):
                yield kind.makes
        for extra in self.extras:
            if extra.startswith("CREATE FUNCTION"):
                yield extra
        for table in self.tables:
            yield from table.statements()
        for extra in self.extras:
            if not extra.startswith("CREATE FUNCTION"):
                yield extra

    @property
    def migration(self) -> str:
        """migration.sql."""
        return "".join(f"{sql}\n" for change in self.changes for sql in change.sql)

    @property
    def said(self) -> str:
        """What before.sql does not say, as comments."""
        settings = ", ".join(f"{k} = {literal(v)}" for k, v in self.settings.items())
        return (
            f"-- seed {self.seed}, PostgreSQL {self.major}\n"
            f"-- {OWNER} executes; {APP} writes with {settings or 'no settings of its own'}\n"
        )
