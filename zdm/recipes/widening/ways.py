"""The ways to give a column another type under its name."""

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait
from zdm.model.schema import Name, Snapshot
from zdm.recipes.type import shared_types
from zdm.recipes.type.shared_types import Kind
from zdm.schema import type_change
from zdm.schema.type_change import Cost


def switch_of_names(columns: tuple[tuple[Name, str, str], ...], snapshot: Snapshot) -> Choice:
    """In the catalog alone where each type is free, else by a column beside it. Each column
    with its table and its new type."""
    changes = [
        (snapshot.require_table(table).require_column(name).type, new)
        for table, name, new in columns
    ]
    free = all(type_change.cost(old, new, snapshot) is Cost.FREE for old, new in changes)
    return choice.of(
        choice.way(
            "catalog",
            "ALTER COLUMN … TYPE, a change of the catalog alone",
            free,
            because="every stored value stays as it is",
            unless="PostgreSQL would rewrite every row and index while reads and writes wait",
            wording="no statement: keep the type, since a CHECK limits the text already"
            if all(shared_types.shared(old, new) is Kind.SHORTER for old, new in changes)
            else "",
        ),
        choice.way(
            "beside",
            "a column of the new type beside it, kept equal by a trigger and filled in batches;"
            " then the two exchange their names",
            not free,
            Trait.BATCHES,
            Trait.TRIGGER,
            Trait.WAITS,
            because="both versions read and write both types alike, so the name can stay",
            unless="the catalog alone changes",
            may=(Trait.SCANS, Trait.BUILDS),
        ),
    )
