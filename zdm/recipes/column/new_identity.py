"""A new column that is an identity: a default from a sequence of its own while it is filled.

ADD COLUMN … AS IDENTITY numbers each row by a rewrite of the table under ACCESS EXCLUSIVE, and
ADD GENERATED takes only a column that is NOT NULL (measured 14, 18). So the column draws from a
sequence that is there until all rows are numbered; then default and identity are exchanged in
one transaction. Who inserts needs USAGE on the sequence of a default, and through a view the
role that uses the view does; on that of an identity nobody needs it (measured 14, 18). So
PUBLIC has it meanwhile: no write that works today may fail for a sequence that goes again.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, Phase, RunSql
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.schema import Sequence as Numbers
from zdm.model.sql import zdm_name
from zdm.model.syntax import ColumnDefinition, ConstraintDefinition
from zdm.parse.objects import identity
from zdm.recipes import run_sql
from zdm.recipes.column import serial_identity
from zdm.recipes.column.serial_identity import Exchange
from zdm.recipes.site import Site
from zdm.recipes.sql import probes
from zdm.schema import generated_names, sequences, type_names

Line = tuple[str, str]  # fact and remedy
_BY_ALL = "=U/"
_UNKNOWN = {"sequence_name": "SEQUENCE NAME", "logged": "LOGGED or UNLOGGED"}


def read(
    said: ConstraintDefinition, table: Table, column: Column, snapshot: Snapshot
) -> Exchange | None:
    """What makes it one; None where no identity can have the type."""
    if not type_names.is_whole_number(column.type):
        return None
    taken = generated_names.taken(snapshot, table.name.schema)
    free = generated_names.chosen(table.name, (column.name,), "seq", taken)
    options = replace(identity.sequence(said), type=column.type)
    made = sequences.made(Name(table.name.schema, free), options)
    meanwhile = Name(table.name.schema, zdm_name(table.name.name, column.name, "numbers"))
    return Exchange(
        table=table,
        column=column,
        sequence=replace(made, name=meanwhile, grants=(_BY_ALL,)),
        made=replace(made, identity=True),
        kind=said.identity,
        sql=identity.added(said, table.name, column.name),
    )


def problem(definition: ColumnDefinition, table: Table, made: Numbers | None) -> Line | None:
    """Why the column cannot become one, and the remedy."""
    said = definition.constraint("identity")
    if said is None:
        return None
    where = f"{table.name}.{definition.name}"
    if made is None:
        return (
            f"{where}: an identity is smallint, integer or bigint, so this statement would"
            " fail",
            "use one of these types",
        )
    if definition.constraint("default") is not None:
        return (
            f"{where} is an identity with a default, so this statement would fail",
            "remove the DEFAULT",
        )
    wrong = sequences.problem(made)
    if wrong:
        return f"{where}: {wrong}, so this statement would fail", "correct the options"
    extra = [word for name, word in _UNKNOWN.items() if name in identity.of_column(said)]
    if extra:
        return (
            f"{where}: {extra[0]} is an option that zdm does not plan for a table in use",
            f"remove {extra[0]}",
        )
    if table.kind != "table":
        return (
            f"{where}: {table.name} is partitioned, and zdm makes an identity of a column of"
            " one table alone",
            "use `bigserial`, which zdm fills in batches",
        )
    return None


def expand_sql(one: Exchange, add: str) -> Iterator[str]:
    """The column with its default; `add`: ADD COLUMN without it."""
    yield serial_identity.created(one.sequence)
    yield add
    yield from serial_identity.belonging(one)


def exchange(place: Site, one: Exchange) -> RunSql:
    """The identity in place of the default, once the column is NOT NULL."""
    name = f"{place.name}.{one.column.name}"
    there = probes.column_identity(place.name, one.column.name, one.kind)
    return run_sql.short_transaction(
        place,
        id=place.id(one.column.name, "identity"),
        phase=Phase.VALIDATE,
        title=f"make {name} an identity ({one.kind})",
        sql=serial_identity.forth(one),
        locks=place.lock(LockMode.ACCESS_EXCLUSIVE),
        settings=place.settings,
        probe=probes.probe(there),
        undo=serial_identity.back(one, there),
        serves=BOTH,
        reason="Catalog only, in one transaction, so that no INSERT finds neither default nor"
        " identity. The old version does not know the column, so it writes no number that"
        " GENERATED ALWAYS would refuse.",
    )
