"""ALTER SEQUENCE: its text, how to see that it is done, and what moves the sequence first."""

from collections.abc import Iterator
from typing import Any

from zdm.model.plan import Check
from zdm.model.schema import Sequence
from zdm.parse import emit
from zdm.parse.emit import Constant, Expression, Ident, Part, Qualified
from zdm.recipes.sql import probes

OPTIONS = ("type", "increment", "minimum", "maximum", "start", "cache", "cycle")
OWNER = "owner"
_CLAUSES = {
    "type": "AS {}",
    "increment": "INCREMENT BY {}",
    "minimum": "MINVALUE {}",
    "maximum": "MAXVALUE {}",
    "start": "START WITH {}",
    "cache": "CACHE {}",
}
_IN_CATALOG = {
    "increment": "seqincrement",
    "minimum": "seqmin",
    "maximum": "seqmax",
    "start": "seqstart",
    "cache": "seqcache",
    "cycle": "seqcycle",
}
_HAS = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_sequence AS s"
    " WHERE s.seqrelid = pg_catalog.to_regclass({n}) AND {all})"
)
_OWNED = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
    " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
    " WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    " AND d.objid = pg_catalog.to_regclass({n}) AND d.deptype = 'a'"
    " AND a.attrelid = pg_catalog.to_regclass({t}) AND a.attname = {c})"
)
_FREE = (
    "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
    " WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    " AND d.objid = pg_catalog.to_regclass({n}) AND d.deptype = 'a' AND d.refobjsubid <> 0)"
)
_SAME_OWNER = (
    "SELECT COALESCE((SELECT s.relowner FROM pg_catalog.pg_class AS s"
    " WHERE s.oid = pg_catalog.to_regclass({n})) = (SELECT t.relowner"
    " FROM pg_catalog.pg_class AS t WHERE t.oid = pg_catalog.to_regclass({t})), true)"
)
_WITHIN = "SELECT zdm_now.last_value BETWEEN {low} AND {high} FROM {s} AS zdm_now"
_DRAW = (
    "SELECT pg_catalog.nextval({n}) FROM {s} AS zdm_now, pg_catalog.pg_sequence AS zdm_of"
    " WHERE zdm_of.seqrelid = {n}::pg_catalog.regclass AND zdm_of.seqincrement = {by}"
    " AND zdm_now.is_called AND zdm_now.last_value {before}"
)


def changes(one: Sequence, new: Sequence) -> dict[str, tuple[Any, Any]]:
    """What is not the same, before and after, by the names of OPTIONS, and OWNER."""
    found = {key: (getattr(one, key), getattr(new, key)) for key in OPTIONS}
    found[OWNER] = (_owner(one), _owner(new))
    return {key: (old, other) for key, (old, other) in found.items() if old != other}


def _owner(one: Sequence) -> str:
    return f"{one.owner_table}.{one.owner_column}" if one.owner_table is not None else "none"


def alter(one: Sequence, new: Sequence) -> str:
    """ALTER SEQUENCE that leads from one to the other; another type may move the bounds, so
    these are written out."""
    changed = set(changes(one, new))
    if "type" in changed:
        changed |= {"minimum", "maximum"}
    parts: dict[str, Part] = {"s": Qualified(one.name)}
    words = [_CLAUSES[key].format(getattr(new, key)) for key in _CLAUSES if key in changed]
    if "cycle" in changed:
        words.append("CYCLE" if new.cycle else "NO CYCLE")
    if OWNER in changed and new.owner_table is not None:
        words.append("OWNED BY {t}.{c}")
        parts |= {"t": Qualified(new.owner_table), "c": Ident(new.owner_column or "")}
    elif OWNER in changed:
        words.append("OWNED BY NONE")
    return emit.sql(f"ALTER SEQUENCE {{s}} {' '.join(words)}", **parts)


def hold(one: Sequence) -> str:
    """ALTER SEQUENCE that changes nothing but locks it until the transaction ends."""
    return emit.sql(f"ALTER SEQUENCE {{s}} CACHE {one.cache}", s=Qualified(one.name))


def draw(one: Sequence) -> str:
    """Take one number more, where the sequence counts as `one` does and has given any: those up
    to the next one may belong to the number that it gave last."""
    by = one.increment
    before = f"<= {one.maximum - by}" if by > 0 else f">= {one.minimum - by}"
    return emit.sql(
        _DRAW.replace("{by}", str(by)).replace("{before}", before),
        n=Constant(one.name.sql),
        s=Qualified(one.name),
    )


def done(one: Sequence, new: Sequence) -> str:
    """A SELECT that says whether what changes is as in `new`."""
    changed = changes(one, new)
    catalog = [
        f"s.{column} = {str(getattr(new, key)).lower()}"
        for key, column in _IN_CATALOG.items()
        if key in changed
    ]
    if "type" in changed:
        catalog.append(f"s.seqtypid = '{new.type}'::pg_catalog.regtype")
    found = []
    if catalog:
        every = Expression(f"({' AND '.join(catalog)})")
        found.append(emit.sql(_HAS, n=Constant(new.name.sql), all=every))
    if OWNER in changed:
        found.append(_owned(new))
    return probes.both(*found)


def _owned(new: Sequence) -> str:
    if new.owner_table is None:
        return emit.sql(_FREE, n=Constant(new.name.sql))
    return emit.sql(
        _OWNED,
        n=Constant(new.name.sql),
        t=Constant(new.owner_table.sql),
        c=Constant(new.owner_column or ""),
    )


def within(one: Sequence, hint: str) -> Check:
    """That its last number is within these bounds, as ALTER SEQUENCE asks."""
    return Check(
        sql=emit.sql(
            _WITHIN,
            low=Expression(str(one.minimum)),
            high=Expression(str(one.maximum)),
            s=Qualified(one.name),
        ),
        failure=f"the last number of {one.name} is not between {one.minimum} and"
        f" {one.maximum}, so PostgreSQL refuses these bounds",
        hint=hint,
    )


def same_owner(new: Sequence) -> Iterator[Check]:
    """That the table to which it shall belong has its owner."""
    if new.owner_table is not None:
        yield Check(
            sql=emit.sql(
                _SAME_OWNER, n=Constant(new.name.sql), t=Constant(new.owner_table.sql)
            ),
            failure=f"{new.name} and {new.owner_table} belong to different roles, so PostgreSQL"
            " refuses OWNED BY",
            hint="give both the same owner first",
        )
