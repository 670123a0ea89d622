"""The statements that make the objects of a Snapshot again.

Definitions are PostgreSQL's own text (pg_get_constraintdef, pg_get_indexdef …), so they go to
a server of the same major version as they came; names are quoted here. None of this runs on
a database that matters: a shadow is filled with it.
"""

import re
from collections.abc import Iterator

from zdm.model import acl
from zdm.model.catalog.database import ForeignServer, Other, Publication
from zdm.model.schema import (
    Column,
    Constraint,
    Function,
    Name,
    Policy,
    Sequence,
    Snapshot,
    Table,
    Trigger,
    Type,
    View,
)
from zdm.model.sql import ident, literal

_STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "x": "EXTENDED", "m": "MAIN"}
_COMPRESSION = {"p": "pglz", "l": "lz4"}
_STATES = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def roles(snapshot: Snapshot) -> tuple[str, ...]:
    """Roles that grants and policies name."""
    entries = [acl.parse(item) for item in _grants_of(snapshot)]
    named = {role for entry in entries for role in (entry.grantee, entry.grantor)}
    for table in snapshot.tables:
        for policy in table.policies:
            found = re.search(
                r" FOR \w+ TO (.*?)(?: USING \(| WITH CHECK \(|$)", policy.definition
            )
            named |= {_unquoted(role) for role in (found[1] if found else "").split(", ")}
    return tuple(sorted(named - {"", "PUBLIC", "public"}))


def _grants_of(snapshot: Snapshot) -> Iterator[str]:
    for table in snapshot.tables:
        yield from table.grants
        for column in table.columns:
            yield from column.grants
    for kind in (
        snapshot.views,
        snapshot.sequences,
        snapshot.functions,
        snapshot.types,
        snapshot.servers,
        snapshot.rights,
    ):
        for one in kind:
            yield from one.grants
    for view in snapshot.views:
        for _, items in view.column_grants:
            yield from items


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def grants(items: tuple[str, ...], target: str, column: str = "") -> Iterator[str]:
    """GRANTs on an object, the statements of an entry in one text; those of the owner first,
    since others grant on what they got."""
    for entry in sorted(map(acl.parse, items), key=lambda entry: entry.grantor != ""):
        yield ";\n".join(_entry(entry, target, column))


def _entry(entry: acl.Entry, target: str, column: str) -> Iterator[str]:
    to = ident(entry.grantee) if entry.grantee else "PUBLIC"
    if not entry.privileges:
        yield f"REVOKE ALL ON {target} FROM {to}"
    if entry.grantor:
        yield f"SET LOCAL ROLE {ident(entry.grantor)}"
    for privilege in entry.privileges:
        on = f" ({ident(column)})" if column else ""
        end = " WITH GRANT OPTION" if privilege.grantable else ""
        yield f"GRANT {privilege.name}{on} ON {target} TO {to}{end}"
    if entry.grantor:
        yield "RESET ROLE"


def comment(target: str, text: str | None) -> Iterator[str]:
    """COMMENT ON, where there is one."""
    if text is not None:
        yield f"COMMENT ON {target} IS {literal(text)}"


def sequence(found: Sequence) -> str:
    """CREATE SEQUENCE, without its owner."""
    return f"CREATE SEQUENCE {found.name.sql} AS {found.type} {_sequence_options(found)}"


def _sequence_options(found: Sequence) -> str:
    return (
        f"INCREMENT {found.increment} MINVALUE {found.minimum} MAXVALUE {found.maximum}"
        f" START {found.start} CACHE {found.cache} {'CYCLE' if found.cycle else 'NO CYCLE'}"
    )


def table(found: Table, snapshot: Snapshot) -> str:
    """CREATE TABLE with columns and NOT NULL; other constraints come later.

    A partition is made as a table by itself and attached later, which leaves the same.
    """
    parts = [_column(column, found, snapshot) for column in found.columns]
    parts += [
        f"CONSTRAINT {ident(c.name)} {c.definition}"
        for c in found.constraints
        if c.kind == "not null" and c.validated and not _from_parent(c, found)
    ]
    unlogged = "UNLOGGED " if found.persistence == "unlogged" else ""
    foreign = found.kind == "foreign table"
    kind = "FOREIGN TABLE" if foreign else "TABLE"
    text = f"CREATE {unlogged}{kind} {found.name.sql} ({', '.join(parts)})"
    if found.inherits:
        text += f" INHERITS ({', '.join(parent.sql for parent in found.inherits)})"
    if found.partition_key:
        text += f" PARTITION BY {found.partition_key}"
    if foreign:
        text += f" SERVER {ident(found.server)}{_foreign_options(found.options)}"
    elif found.options and found.kind == "table":
        text += f" WITH ({', '.join(_option(option) for option in found.options)})"
    return text


def _foreign_options(options: tuple[str, ...]) -> str:
    if not options:
        return ""
    pairs = (option.partition("=") for option in options)
    return (
        f" OPTIONS ({', '.join(f'{ident(key)} {literal(value)}' for key, _, value in pairs)})"
    )


def _from_parent(constraint: Constraint, found: Table) -> bool:
    """Whether INHERITS brings it; ATTACH PARTITION expects it to be there."""
    return constraint.inherited and bool(found.inherits)


def _option(option: str) -> str:
    key, _, value = option.partition("=")
    return f"{ident(*key.split('.'))} = {literal(value)}"


def _column(column: Column, found: Table, snapshot: Snapshot) -> str:
    text = f"{ident(column.name)} {column.type}{_foreign_options(column.foreign_options)}"
    if column.collation:
        text += f" COLLATE {column.collation}"
    if column.compression:
        text += f" COMPRESSION {_COMPRESSION[column.compression]}"
    if column.generated:
        text += f" GENERATED ALWAYS AS ({column.default}) {column.generated.upper()}"
    elif column.default is not None:
        text += f" DEFAULT {column.default}"
    if column.identity:
        text += _identity(column, found, snapshot)
    named = any(c.kind == "not null" and column.name in c.columns for c in found.constraints)
    if column.not_null and not named and not found.inherits:
        text += " NOT NULL"
    return text


def _identity(column: Column, found: Table, snapshot: Snapshot) -> str:
    """Nothing for a partition that has no sequence: from 17 on, ATTACH PARTITION brings the
    identity of its parent."""
    for one in snapshot.sequences:
        if one.identity and (one.owner_table, one.owner_column) == (found.name, column.name):
            kind = f" GENERATED {column.identity.upper()} AS IDENTITY"
            return f"{kind} (SEQUENCE NAME {one.name.sql} {_sequence_options(one)})"
    return ""


def constraints(found: Table, kinds: frozenset[str]) -> Iterator[str]:
    """ADD CONSTRAINT for those of some kinds that the table does not get otherwise."""
    for one in found.constraints:
        comes_down = one.inherited and one.kind not in ("check", "not null")
        if one.kind in kinds and not comes_down and not _from_parent(one, found):
            yield add_constraint(found, one)


def add_constraint(found: Table, one: Constraint) -> str:
    """ALTER TABLE … ADD CONSTRAINT."""
    return f"ALTER TABLE {found.name.sql} ADD CONSTRAINT {ident(one.name)} {one.definition}"


def column_details(found: Table) -> Iterator[str]:
    """What ALTER COLUMN sets; and NOT NULL of inherited columns, where it has no name."""
    on = f"ALTER TABLE {found.name.sql} ALTER COLUMN"
    for column in found.columns:
        name = ident(column.name)
        named = any(
            c.kind == "not null" and column.name in c.columns for c in found.constraints
        )
        if column.not_null and found.inherits and not named:
            yield f"{on} {name} SET NOT NULL"
        if column.storage:
            yield f"{on} {name} SET STORAGE {_STORAGE[column.storage]}"
        if column.statistics is not None:
            yield f"{on} {name} SET STATISTICS {column.statistics}"
        if column.options:
            yield f"{on} {name} SET ({', '.join(_option(o) for o in column.options)})"
        yield from comment(f"COLUMN {found.name.sql}.{name}", column.comment)
        yield from grants(column.grants, f"TABLE {found.name.sql}", column.name)


def table_details(found: Table) -> Iterator[str]:
    """What belongs to a table besides its columns, constraints, indexes and triggers."""
    on = f"ALTER TABLE {found.name.sql}"
    yield from column_details(found)
    yield from comment(
        f"{'FOREIGN ' * (found.kind == 'foreign table')}TABLE {found.name.sql}", found.comment
    )
    yield from grants(found.grants, f"TABLE {found.name.sql}")
    for one in found.constraints:
        yield from comment(f"CONSTRAINT {ident(one.name)} ON {found.name.sql}", one.comment)
    yield from _index_details(found)
    if found.row_security:
        yield f"{on} ENABLE ROW LEVEL SECURITY"
    if found.row_security == "forced":
        yield f"{on} FORCE ROW LEVEL SECURITY"
    if found.replica_identity in ("full", "nothing") and found.kind != "foreign table":
        yield f"{on} REPLICA IDENTITY {found.replica_identity.upper()}"


def policy(found: Policy, table: Table) -> str:
    """CREATE POLICY with its comment."""
    target = f"POLICY {ident(found.name)} ON {table.name.sql}"
    return ";\n".join((found.definition, *comment(target, found.comment)))


def trigger(found: Trigger, table: Table) -> str:
    """CREATE TRIGGER with its comment."""
    target = f"TRIGGER {ident(found.name)} ON {table.name.sql}"
    return ";\n".join((found.definition, *comment(target, found.comment)))


def trigger_state(found: Trigger, table: Table) -> str:
    """Whether it fires; a partition's may differ from that of its parent."""
    state = _STATES[found.enabled]
    return f"ALTER TABLE ONLY {table.name.sql} {state} TRIGGER {ident(found.name)}"


def _index_details(found: Table) -> Iterator[str]:
    on = f"ALTER TABLE {found.name.sql}"
    for index in found.indexes:
        name = Name(found.name.schema, index.name)
        yield from comment(f"INDEX {name.sql}", index.comment)
        for item in index.statistics:
            number, _, target = item.partition("=")
            column = f"ALTER COLUMN {int(number)} SET STATISTICS {int(target)}"
            yield f"ALTER INDEX {name.sql} {column}"
        if index.clustered:
            yield f"{on} CLUSTER ON {ident(index.name)}"
        if index.replica_identity:
            yield f"{on} REPLICA IDENTITY USING INDEX {ident(index.name)}"


def view(found: View) -> str:
    """CREATE VIEW; a materialized view is filled later."""
    options = ", ".join(_option(option) for option in found.options)
    names = ", ".join(ident(column) for column in found.columns)
    text = f"CREATE {found.kind.upper()} {found.name.sql} ({names})"
    text += f" WITH ({options})" if options else ""
    text += f" AS {found.definition.rstrip().removesuffix(';')}"
    return f"{text} WITH NO DATA" if found.kind == "materialized view" else text


def view_details(found: View) -> Iterator[str]:
    """What belongs to a view."""
    yield from found.indexes
    yield from found.triggers
    yield from found.rules
    yield from found.details
    yield from comment(f"{found.kind.upper()} {found.name.sql}", found.comment)
    yield from grants(found.grants, f"TABLE {found.name.sql}")
    for column, items in found.column_grants:
        yield from grants(items, f"TABLE {found.name.sql}", column)


def sequence_details(found: Sequence) -> Iterator[str]:
    """What belongs to a sequence."""
    if found.owner_table is not None and not found.identity:
        owner = f"{found.owner_table.sql}.{ident(found.owner_column or '')}"
        yield f"ALTER SEQUENCE {found.name.sql} OWNED BY {owner}"
    yield from comment(f"SEQUENCE {found.name.sql}", found.comment)
    yield from grants(found.grants, f"SEQUENCE {found.name.sql}")


def function_details(found: Function) -> Iterator[str]:
    """What belongs to a function, procedure or aggregate."""
    aggregate = found.definition.startswith("CREATE AGGREGATE ")
    kind = "AGGREGATE" if aggregate else "ROUTINE"
    yield from comment(
        f"{kind} {found.name.sql}({found.arguments or '*' * aggregate})", found.comment
    )
    # GRANT takes an aggregate's arguments as a plain list
    arguments = re.sub(r",? ?ORDER BY ", ", ", found.arguments).removeprefix(", ")
    yield from grants(found.grants, f"ROUTINE {found.name.sql}({arguments})")


def type_details(found: Type) -> Iterator[str]:
    """What belongs to a type."""
    word = "DOMAIN" if found.kind == "domain" else "TYPE"
    yield from comment(f"{word} {found.name.sql}", found.comment)
    yield from grants(found.grants, f"{word} {found.name.sql}")


def other_details(found: Other) -> Iterator[str]:
    """What belongs to an object of another kind; of a schema the grants on it."""
    if found.kind == "schema" and found.definition:
        yield found.definition
    if found.kind == "schema" or found.definition:
        yield from comment(f"{found.kind.upper()} {found.name}", found.comment)


def server_details(found: ForeignServer) -> Iterator[str]:
    """What belongs to a foreign server."""
    yield from comment(f"SERVER {ident(found.name)}", found.comment)
    yield from grants(found.grants, f"FOREIGN SERVER {ident(found.name)}")


def publication_details(found: Publication) -> Iterator[str]:
    """What belongs to a publication."""
    yield from comment(f"PUBLICATION {ident(found.name)}", found.comment)
