"""The sequence of a column in the switch: a serial's changes its owner, and an identity is made
again, because it belongs to its column; it continues at the number at which the other one was,
and has its rights, not those that ALTER DEFAULT PRIVILEGES gives to a new one.
"""

from collections.abc import Iterator

from zdm.model.schema import Name, Sequence
from zdm.model.sql import literal
from zdm.parse import emit
from zdm.parse.emit import Body, Constant, Ident, Qualified
from zdm.recipes.type.shared_types import RANGES
from zdm.recipes.widening.group import Wide, Wider, beside

_RIGHTS = """
DECLARE
  statement text;
BEGIN
  FOR statement IN
    SELECT pg_catalog.format(
      CASE WHEN s.oid = {new} THEN 'REVOKE ALL ON SEQUENCE %1$s FROM %3$s'
      ELSE 'GRANT %2$s ON SEQUENCE %1$s TO %3$s' END
      || CASE WHEN s.oid <> {new} AND a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END,
      {new}, a.privilege_type, CASE WHEN a.grantee = 0 THEN 'PUBLIC'
      ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END)
    FROM pg_catalog.pg_class AS s CROSS JOIN LATERAL pg_catalog.aclexplode(s.relacl) AS a
    WHERE s.oid IN ({new}, {former}) AND a.grantee <> s.relowner
    ORDER BY s.oid = {former}
  LOOP
    EXECUTE statement;
  END LOOP;
END"""


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
    yield from _rights(sequence.name, former, forth=forth)
    if sequence.comment is not None:
        yield emit.sql(
            "COMMENT ON SEQUENCE {s} IS {text}", s=s, text=Constant(sequence.comment)
        )
    other = Ident(wider.beside)
    yield emit.sql("ALTER TABLE {t} ALTER COLUMN {c} DROP IDENTITY", t=t, c=other)


def _rights(new: Name, former: Name, *, forth: bool) -> Iterator[str]:
    """The new sequence gets those of the former one; the grantor is its owner."""
    names = {"new": new, "former": former}
    oids = {k: f"{literal(name.sql).strip()}::pg_catalog.regclass" for k, name in names.items()}
    block = _RIGHTS.format(**oids)
    yield emit.sql("DO {body}", body=Body(f"{block}\n")) if forth else block.lstrip()


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
