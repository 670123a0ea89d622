"""Small schemas and trains for tests that need no server."""

from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table
from zdm.model.statement import Action, Statement, Train
from zdm.parse import facts, split

USERS = Name("public", "users")
MEGABYTE = 1024 * 1024


def users(*columns: Column, **details: object) -> Table:
    """A table with an id, an email that is NOT NULL, and more."""
    table = Table(
        name=USERS,
        columns=(
            Column(name="id", type="bigint", not_null=True),
            Column(name="email", type="text", not_null=True),
            Column(name="name", type="text"),
            *columns,
        ),
        constraints=(
            Constraint(
                name="users_pkey",
                kind="primary key",
                columns=("id",),
                definition="PRIMARY KEY (id)",
                index="users_pkey",
            ),
        ),
        indexes=(
            Index(
                name="users_pkey",
                definition="CREATE UNIQUE INDEX users_pkey ON public.users USING btree (id)",
                keys=("id",),
                columns=("id",),
                unique=True,
                constraint="users_pkey",
                bytes=2 * MEGABYTE,
            ),
        ),
        rows=100_000,
        heap_bytes=10 * MEGABYTE,
    )
    return _with(table, details)


def _with(table: Table, details: dict[str, object]) -> Table:
    values = {name: getattr(table, name) for name in Table.__struct_fields__}
    return Table(**{**values, **details})


def snapshot(*tables: Table, version: int = 170004, **details: object) -> Snapshot:
    """A schema with these tables."""
    return Snapshot(
        server_version=version,
        tables=tuple(sorted(tables, key=lambda t: t.name)),
        **details,  # type: ignore[arg-type]  # any field may be given
    )


def statements(sql: str) -> tuple[Statement, ...]:
    """The statements of a file `migration.sql`."""
    return split.statements(sql.encode(), "migration.sql")


def train(sql: str) -> Train:
    """A train of one file."""
    return Train(statements=statements(sql), files=())


def actions(sql: str) -> tuple[Action, ...]:
    """All actions of a file."""
    return tuple(action for statement in statements(sql) for action in facts.actions(statement))
