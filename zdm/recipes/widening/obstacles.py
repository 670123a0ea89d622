"""Why columns cannot be widened beside a running application, by name, and what to do."""

import re
from collections.abc import Iterator

from zdm.model.schema import Constraint, Table
from zdm.recipes.column import dependents
from zdm.recipes.constraint import not_null
from zdm.recipes.object import row_type
from zdm.recipes.reading import filled
from zdm.recipes.type.shared_types import Kind
from zdm.recipes.widening import bodies, forms
from zdm.recipes.widening.group import Group, Wide, Wider

Line = tuple[str, str]  # fact and remedy
_ODD = ("WITHOUT OVERLAPS", "PERIOD", "NOT ENFORCED")
_CARRIED = frozenset({"check", "unique", "primary", "foreign", "index", "sequence", "GRANT"})


def found(group: Group) -> Iterator[Line]:
    """Facts and remedies."""
    for wide in group.tables:
        structure = _structure(wide)
        if structure is not None:
            yield structure
            continue
        unfilled = filled.obstacle(wide.table, wide.site.snapshot)
        if unfilled is not None:
            yield unfilled
        for wider in wide.columns:
            yield from _of_column(wide, wider)
    yield from bodies.found(group)
    for link in group.links:
        if link.site.table.kind != "table" or link.site.table.partition_of is not None:
            yield (
                f"the foreign key {link.key.name} of {link.site.name} refers to it, and"
                f" {link.site.name} {_what(link.site.table)}, to which no foreign key can be"
                " added NOT VALID in every version",
                "drop that foreign key in an earlier release that changes nothing else, and add"
                " it again in a later one",
            )


def _what(table: Table) -> str:
    return "is a partition" if table.partition_of is not None else f"is a {table.kind}"


def _structure(wide: Wide) -> Line | None:
    table, snapshot = wide.table, wide.site.snapshot
    if table.kind != "table" or table.partition_of is not None or table.inherits:
        what = _what(table) if table.kind != "table" or table.partition_of else "inherits"
        return (
            f"{table.name} {what}, and no index of all its partitions or children is built"
            " while reads and writes continue",
            "put `-- zdm: run in contract -- reason` above it, if the table can be locked while"
            " it is rewritten",
        )
    users = tuple(row_type.users(table.name, snapshot))
    if users:
        return (
            f"{', '.join(users)} {'have' if len(users) > 1 else 'has'} the row type of"
            f" {table.name}, so its columns cannot change",
            "use a type of its own or single columns there in an earlier release",
        )
    return None


def _of_column(wide: Wide, wider: Wider) -> Iterator[Line]:
    table, name = wide.table, wider.name
    stuck = [*_stuck(wide, wider)]
    if stuck:
        yield (
            f"these would stay on the {wide.words[1]} {name}: {', '.join(stuck)}",
            "drop them in an earlier release that changes nothing else, and create them again"
            " in a later one",
        )
    if wider.column.generated:
        yield (
            f"{name} is a generated column, whose type follows from its expression",
            "add a column of the new type with the same expression, and drop this one",
        )
    if table.column(wider.beside) is not None:
        yield (
            f"{table.name} has a column {wider.beside}, whose name zdm needs",
            "rename it in an earlier release",
        )


def _stuck(wide: Wide, wider: Wider) -> Iterator[str]:
    """What depends on the column and is not carried over, in words."""
    table, snapshot, name = wide.table, wide.site.snapshot, wider.name
    for one in dependents.blocking(snapshot, table, name):
        if not one.startswith("foreign key "):
            yield one
    for one in dependents.vanishing(snapshot, table, name):
        if one.split()[0] not in _CARRIED:
            yield one
    for index in table.indexes:
        odd = index.replica_identity or index.clustered or index.statistics
        if name in index.columns and (odd or not index.valid):
            yield f"index {index.name} (invalid, replica identity, CLUSTER, statistics target)"
    if wider.kind in (Kind.WIDER, Kind.JSON):
        yield from _of_expressions(wide, wider)
    yield from forms.stuck(wide, wider)
    yield from _odd(wide, wider)


def _odd(wide: Wide, wider: Wider) -> Iterator[str]:
    for constraint in wide.table.constraints:
        word = next((word for word in _ODD if word in constraint.definition), None)
        if word is not None and wider.name in constraint.columns:
            yield f"constraint {constraint.name} ({word})"
    for key in (*wide.constraints("unique"), *wide.constraints("primary key")):
        if wider.name in key.columns and " DEFERRABLE" in key.definition:
            yield f"constraint {key.name} (DEFERRABLE, and CONCURRENTLY builds no such index)"
    named = not_null.constraint_of(wide.table, wider.name)
    if named is not None and not _is_plain(named):
        yield f"constraint {named.name} (NO INHERIT or NOT VALID)"


def _of_expressions(wide: Wide, wider: Wider) -> Iterator[str]:
    """What calls a function with the column that takes the narrow type alone: the plain
    migration fails for it, too."""
    table, kind = wide.table, wider.column.type
    taking = {f.name.name for f in wide.site.snapshot.functions if kind in _words(f.arguments)}
    for index in table.indexes:
        if wider.name in index.columns and taking & _words(index.definition):
            yield f"index {index.name} (calls a function that takes {kind})"
    for check in wide.constraints("check"):
        if wider.name in check.columns and taking & _words(check.definition):
            yield f"check {check.name} (calls a function that takes {kind})"


def _words(definition: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", definition))


def _is_plain(named: Constraint) -> bool:
    return named.validated and not named.inherited and "NO INHERIT" not in named.definition
