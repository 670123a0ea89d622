"""The sequence of a column in the switch: a serial's changes its owner, and an identity is made
again, because it belongs to its column; it continues at the number at which the other one was.
"""

from collections.abc import Iterator

from zdm.model.schema import Sequence
from zdm.model.sql import literal
from zdm.parse import emit
from zdm.parse.emit import Ident, Qualified
from zdm.recipes.widening.group import RANGES, Wide, Wider, beside


def owned(wide: Wide, wider: Wider) -> tuple[Sequence, ...]:
    """Those that belong to the column."""
    here = (wide.site.name, wider.name)
    sequences = wide.site.snapshot.sequences
    return tuple(s for s in sequences if (s.owner_table, s.owner_column) == here)


def statements(wide: Wide, wider: Wider, *, forth: bool) -> Iterator[str]:
    """The names of the columns are exchanged already. Back, it runs in a block of plpgsql."""
    for sequence in owned(wide, wider):
        if sequence.identity:
            yield from _identity(wide, wider, sequence, forth=forth)
        else:
            yield emit.sql(
                "ALTER SEQUENCE {s} OWNED BY {t}.{c}",
                s=Qualified(sequence.name),
                t=Qualified(wide.site.name),
                c=Ident(wider.name),
            )


def _identity(wide: Wide, wider: Wider, sequence: Sequence, *, forth: bool) -> Iterator[str]:
    t, s = Qualified(wide.site.name), Qualified(sequence.name)
    former = wide.site.beside(beside(sequence.name.name))
    yield emit.sql("ALTER SEQUENCE {s} RENAME TO {n}", s=s, n=Ident(former.name))
    kind = "ALWAYS" if wider.column.identity == "always" else "BY DEFAULT"
    yield emit.sql(
        f"ALTER TABLE {{t}} ALTER COLUMN {{c}} ADD GENERATED {kind} AS IDENTITY"
        f" (SEQUENCE NAME {{s}} {_options(wider, sequence, forth=forth)})",
        t=t,
        c=Ident(wider.name),
        s=s,
    )
    words = "SELECT" if forth else "PERFORM"
    yield (
        f"{words} pg_catalog.setval({literal(sequence.name.sql).strip()}, last_value,"
        f" is_called) FROM {former.sql}"
    )
    other = Ident(wider.beside)
    yield emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP IDENTITY", t=t, c=other)


def _options(wider: Wider, sequence: Sequence, *, forth: bool) -> str:
    """Its limits are the new type's where they were the old one's."""
    (low, high), (lowest, highest) = RANGES[wider.column.type], RANGES[wider.type]
    minimum = lowest if forth and sequence.minimum == low else sequence.minimum
    maximum = highest if forth and sequence.maximum == high else sequence.maximum
    cycle = "CYCLE" if sequence.cycle else "NO CYCLE"
    return (
        f"START WITH {sequence.start} INCREMENT BY {sequence.increment} MINVALUE {minimum}"
        f" MAXVALUE {maximum} CACHE {sequence.cache} {cycle}"
    )
