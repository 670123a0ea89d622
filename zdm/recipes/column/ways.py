"""The ways to add a column."""

from collections.abc import Iterator

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice, Trait, Way
from zdm.model.schema import Snapshot, Volatility
from zdm.parse import expressions
from zdm.recipes.column.new_column import NewColumn
from zdm.schema import default_volatility


class Filled(Struct, frozen=True, kw_only=True):
    """What fills the column. `settled`: the value is the same for every row; `proves`: a SET
    NOT NULL follows, or its own."""

    value: str | None
    by_trigger: bool
    proves: bool
    settled: bool


def is_settled(value: str | None, snapshot: Snapshot) -> bool:
    """Whether PostgreSQL would compute such a default once for all rows."""
    if value is None:
        return False
    read = expressions.read(value)
    volatile = default_volatility.volatility(read, snapshot) is Volatility.VOLATILE
    return not volatile and not expressions.columns(read)


def of(new: NewColumn, filled: Filled) -> Choice:
    """The catalog alone, or what the default and the train's other statements ask for."""
    return choice.of(_catalog(new, filled), *_others(new, filled))


def _others(new: NewColumn, filled: Filled) -> Iterator[Way]:
    proof = (Trait.SCANS,) if filled.proves else ()
    then = ", then prove NOT NULL" if filled.proves else ""
    if new.meanwhile is not None:
        yield choice.way(
            "default_meanwhile",
            "ADD COLUMN with a default, which is dropped when the old version is gone",
            True,
            Trait.WAITS,
            because="the directive gives the value for rows of the old version",
        )
    if filled.value is None and filled.proves:
        yield choice.way(
            "proved",
            "ADD COLUMN as written, then prove NOT NULL",
            True,
            *proof,
            because="its default fills every row, and SET NOT NULL is a statement of its own",
        )
    if new.rewrites:
        yield choice.way(
            "batches",
            f"add it, give it the default for new rows, and fill the others in batches{then}",
            True,
            Trait.BATCHES,
            *proof,
            because="a default that is set afterwards counts for new rows, and reads no row",
        )
    if filled.by_trigger:
        yield choice.way(
            "trigger",
            "add it, with a trigger that gives the value to rows of the old version, and fill"
            f" the others in batches{then}",
            True,
            Trait.BATCHES,
            Trait.TRIGGER,
            Trait.WAITS,
            *proof,
            because="the old version does not know the column, and leaves it out",
        )


def _catalog(new: NewColumn, filled: Filled) -> Way:
    unless, wording = _why_not(new, filled)
    return choice.way(
        "catalog",
        "ADD COLUMN as written, a change of the catalog alone",
        not unless,
        because="its default is computed once and kept in the catalog"
        if new.default
        else "it has no default, so no row is read or written",
        unless=unless,
        wording=wording,
    )


def _why_not(new: NewColumn, filled: Filled) -> tuple[str, str]:
    """What is to be done besides, and the words without it."""
    name, value = new.column.name, filled.value
    if new.rewrites:
        stays = not new.column.not_null and new.sequence is None
        return (
            f"its default differs from row to row (`{new.default}`), so PostgreSQL would"
            " rewrite every row while reads and writes wait",
            f"ADD COLUMN {name} without the default, then SET DEFAULT, if rows that are there"
            " may stay NULL"
            if stays
            else "",
        )
    if value is not None:
        ending = " NOT NULL" if filled.proves else ""
        return (
            f"an UPDATE of the train fills it with `{value}`",
            f"ADD COLUMN {name} … DEFAULT {value}{ending} in place of the UPDATE, then DROP"
            " DEFAULT in a later release"
            if filled.settled
            else "",
        )
    if filled.proves:
        return (
            "a SET NOT NULL of its own follows, which must be proved",
            f"ADD COLUMN {name} … DEFAULT … NOT NULL in one statement",
        )
    if new.meanwhile is not None:
        return "it is NOT NULL, and rows that are there need a value", ""
    return "", ""
