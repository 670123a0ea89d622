"""What the two versions notice of columns that get another type under their names."""

import re
from collections.abc import Iterable, Iterator

from zdm.model.schema import Function, Snapshot
from zdm.recipes.reading import filled
from zdm.recipes.type import shared_types
from zdm.recipes.type.shared_types import RANGES, Kind
from zdm.recipes.widening import fill, switch
from zdm.recipes.widening.group import Group, Wide, Wider
from zdm.schema import replication, routines, type_names

Line = tuple[str, str]  # fact and remedy
_FINDS_OTHERS = frozenset({Kind.WIDER, Kind.JSON})  # no implicit cast to the old type


def found(whole: Group, more: Iterable[Line] = ()) -> Iterator[Line]:
    """Facts and remedies; `more` are those of one operation about all of it."""
    yield from _of_all(whole)
    yield from more
    for wide in whole.tables:
        yield from _of_table(wide)


def _of_all(whole: Group) -> Iterator[Line]:
    names = ", ".join(str(name) for name in whole.locked)
    together = " together" if len(whole.locked) > 1 else ""
    yield (
        f"the switch locks {names}{together} for some milliseconds; clients that prepared a"
        " statement whose result has one of the columns fail once afterwards: cached plan must"
        " not change result type",
        "run the statement again, or select the column with a cast to its new type before;"
        " psycopg in autocommit prepares no more with prepare_threshold=None, else restart the"
        " instances right after the switch",
    )
    for link in whole.links:
        narrow = [
            column
            for column, target in zip(
                link.key.columns, link.key.referenced_columns, strict=False
            )
            if target in link.referenced and column not in link.own
        ]
        for column in narrow:
            kind = link.site.table.require_column(column).type
            if shared_types.is_wider(kind, "bigint"):
                yield (
                    f"{link.site.name}.{column} stays {kind} and refers to {link.parent}, so a"
                    f" row of {link.site.name} for a key beyond {RANGES[kind][1]} fails",
                    f"write ALTER TABLE {link.site.name.sql} ALTER COLUMN {column} TYPE bigint"
                    " in this train, too",
                )


def _of_table(wide: Wide) -> Iterator[Line]:
    name, snapshot = wide.site.name, wide.site.snapshot
    yield from _of_numbers(wide)
    for wider in wide.columns:
        yield from _of_values(f"{name}.{wider.name}", wider)
    yield (
        f"from the switch on {', '.join(wide.names)} of {name} comes last in the order of"
        " columns, for both versions and permanently: an INSERT or COPY without a list of"
        " columns still fills the former order until the contract, where triggers of the table"
        " do not see that value, and writes into other columns afterwards; SELECT * read by"
        " position gives others",
        "name the columns in both versions before the switch",
    )
    unique, (new, old) = ", ".join(i.name for i in wide.indexes if i.unique), wide.words
    if unique:
        yield (
            f"until the contract {unique} is there more than once, on the {old} and on the"
            f" {new} columns: an INSERT … ON CONFLICT that names a column or a constraint can"
            " fail with a duplicate key (23505) when two sessions insert the same new key at"
            " once",
            "repeat such a statement, or write ON CONFLICT DO NOTHING without a column: that"
            " never fails so",
        )
    defaults = ", ".join(
        c.name for c in wide.columns if c.column.default is not None and not c.column.not_null
    )
    if defaults:
        yield (
            f"from the switch until the contract an INSERT without a list of columns that gives"
            f" NULL for {defaults} of {name} leaves the default there",
            "name the columns in such an INSERT",
        )
    touched = ", ".join(str(function.name) for function in switch.functions(wide))
    if touched:
        yield (
            f"a call of these functions that waits for {name} during the switch can fail once"
            f" (42804): {touched}",
            "run the statement again",
        )
    unchecked = ", ".join(check.name for check in fill.unvalidated(wide))
    if unchecked:
        yield (
            f"a row that violates {unchecked} of {name}, which is NOT VALID, cannot be filled,"
            " and the first step looks for one",
            "correct such rows before",
        )
    published = replication.publishers(wide.table, snapshot)
    if published:
        yield (
            f"{name} is published by {', '.join(published)}: from the expand on its rows have"
            f" the columns {', '.join(wide.names.values())}, without which a subscriber stops",
            "add them on each subscriber before, and drop them after the contract",
        )
    yield from _dynamic(wide, snapshot)
    for wider in wide.columns:
        yield from filled.hazards(wide.table, wider.beside)
    yield from _calls(wide, snapshot)


def _of_numbers(wide: Wide) -> Iterator[Line]:
    """Of columns of one type at once."""
    for old in dict.fromkeys(w.column.type for w in wide.columns if w.kind is Kind.WIDER):
        names = [wider.name for wider in wide.columns if wider.column.type == old]
        takes, (low, high) = "takes" if len(names) == 1 else "take", RANGES[old]
        yield (
            f"until the contract {wide.site.name}.{', '.join(names)} {takes} no value outside"
            f" {low} to {high}, as before (22003), so that everything can go back",
            "let the new version write such values only after the contract",
        )


def _of_values(name: str, wider: Wider) -> Iterator[Line]:
    """By what the two types have in common."""
    old, new = wider.column.type, wider.type
    match wider.kind:
        case Kind.SCALE:
            yield (
                f"from the switch on both versions read {name} with the zeros of {new}, as in"
                f" {_zeros(new)}; until the contract it is rounded as {old} is, so that"
                " everything can go back",
                "compare and print it as a number, not as text, and let the new version write"
                " more digits only after the contract",
            )
        case Kind.SHORTER:
            yield (
                f"from the switch on a text that is too long for {name} is refused as one for"
                f" {new} (22001) and no longer by the CHECK (23514), and blanks at the end that"
                " are too many are cut",
                "handle both errors alike in the old version",
            )
        case Kind.JSON:
            yield (
                f"from the expand on a write to {name} fails whose json has the character"
                " \\u0000, half of a surrogate pair or a number that numeric cannot hold"
                " (22P05, 22P02, 22003)",
                "let the old version write no such value",
            )
            yield (
                f"from the switch on {name} is read as jsonb has it: keys in its own order and"
                " once, other blanks; a function of json such as json_array_elements fails with"
                " it (42883)",
                "let both versions parse what they read, and use operators such as -> and ->>"
                " or functions that take both, until the contract",
            )


def _zeros(new: str) -> str:
    return f"{0:.{type_names.split(new)[1][1]}f}"


def _dynamic(wide: Wide, snapshot: Snapshot) -> Iterator[Line]:
    own = {t.function for t in wide.table.triggers}
    names = [
        str(f.name) for f in snapshot.functions if routines.is_dynamic(f, rows=f.name in own)
    ]
    if names:
        yield (
            "these functions make SQL or names of columns at run time, so they may depend"
            f" unseen on the order or type of the columns of {wide.site.name}:"
            f" {', '.join(dict.fromkeys(names))}",
            "check that each names the columns in INSERT and SELECT, and compares no record",
        )


def _takes(function: Function, kind: str) -> bool:
    return re.search(rf"\b{re.escape(kind)}\b", function.arguments) is not None


def _calls(wide: Wide, snapshot: Snapshot) -> Iterator[Line]:
    kinds = {w.column.type: wide.words[0] for w in wide.columns if w.kind in _FINDS_OTHERS}
    taking = [f for f in snapshot.functions if any(_takes(f, kind) for kind in kinds)]
    if taking:
        yield (
            f"from the switch on a call with one of the columns, which is then"
            f" {' or '.join(sorted({*kinds.values()}))}, finds none of these functions, which"
            f" take {' or '.join(sorted(kinds))}:"
            f" {', '.join(dict.fromkeys(str(f.name) for f in taking))}",
            "cast the column in such calls, or add a function that takes the"
            f" {wide.words[0]} type",
        )
