"""What holds on to the table itself, and would stay with it when another one has its name."""

import re
from collections.abc import Iterator

from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.recipes.object import in_place, row_type
from zdm.schema import family, replication, routines

Problem = tuple[str, str]
_OWN = ("column", "index", "constraint", "default", "policy", "trigger", "foreign key")


def problems(table: Table, first: Name, snapshot: Snapshot) -> Iterator[Problem]:
    """Each of them but views, and what to do."""
    if in_place.is_taken(first, snapshot):
        yield f"there is a relation or type {first} already", "choose another name"
    yield from _kind(table, snapshot)
    yield from _users(table, snapshot)
    published = replication.publishers(table, snapshot)
    if published:
        yield (
            f"{', '.join(published)} publishes it, and would send its rows under the name"
            f" {first.name}, which subscribers do not have",
            "take the table out of the publication first, and set up replication again"
            " afterwards",
        )


def _kind(table: Table, snapshot: Snapshot) -> Iterator[Problem]:
    if table.kind != "table" or family.parents(table) or family.children(snapshot, table.name):
        yield (
            "it has parents or children, or is no ordinary table",
            "end that in an earlier release, or make a partitioned table and copy its rows",
        )
    if table.persistence != "permanent":
        yield (
            f"it is {table.persistence}, and a partitioned table cannot be",
            f"run `ALTER TABLE {table.name.sql} SET LOGGED`, which writes it again, in a quiet"
            " hour of an earlier release, with `-- zdm: run in expand -- reason` above it",
        )
    if table.rules:
        yield (
            "it has rules, which would stay with it",
            "replace them by triggers in an earlier release",
        )


def _users(table: Table, snapshot: Snapshot) -> Iterator[Problem]:
    for other in snapshot.tables:
        for key in other.constraints:
            if key.references == table.name:
                yield (
                    f"the foreign key {key.name} of {other.name} refers to the table itself",
                    f"`ALTER TABLE {other.name.sql} DROP CONSTRAINT {ident(key.name)}` in an"
                    " earlier release, and add it again in a later one",
                )
    users = (*row_type.users(table.name, snapshot), *_results(table.name, snapshot))
    yield from (
        (
            f"{user} has its row type, which stays with it",
            "use a type of its own or single columns in an earlier release",
        )
        for user in users
    )
    others = sorted(
        {
            d.name
            for d in table.dependents
            if d.blocks and not d.kind.endswith((*_OWN, "view")) and d.name not in users
        }.union(_bound(table.name, snapshot))
    )
    if others:
        yield (
            f"these are bound to the table itself: {', '.join(others)}",
            "drop them in an earlier release, and make them again in a later one",
        )


def _bound(table: Name, snapshot: Snapshot) -> Iterator[str]:
    """Functions whose body PostgreSQL has parsed, which follow the table; of one that reads no
    column (count(*)) no dependency on a column says so."""
    for function in snapshot.functions:
        parsed = "\nBEGIN ATOMIC" in function.definition
        if parsed and table.name in routines.body_names(function):
            yield f"function {function.name.schema}.{function.name.name}({function.arguments})"


def _results(table: Name, snapshot: Snapshot) -> Iterator[str]:
    schema, name = re.escape(table.schema), re.escape(table.name)
    gives = re.compile(rf'\bRETURNS (?:SETOF )?(?:"?{schema}"?\.)?"?{name}"?(?![\w."])')
    for function in snapshot.functions:
        if gives.search(function.definition):
            yield f"the result of function {function.name}"
