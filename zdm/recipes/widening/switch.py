"""The switch: in one transaction the wide columns take the names, and the way back is the same.

All tables are locked first, the referenced ones before those that refer to them. A foreign key
to a primary key is dropped with it; its form on the wider columns is there and valid, and stays
so. All else is there on both columns until the contract, and what is on the narrow one has the
name that errors and ON CONFLICT ON CONSTRAINT say. A function of plpgsql that a session has
prepared for one type of a column fails for another one (42804) unless its row in the catalog
changes in the same transaction (measured 14, 18).
"""

from collections.abc import Iterator

from zdm.model.locks import LockMode
from zdm.model.plan import BOTH, STATEMENT_TIMEOUT, Check, Phase, RunSql, TableLock
from zdm.model.schema import Constraint, Function, Name, Snapshot
from zdm.parse import emit, rewrite
from zdm.parse.emit import Body, Constant, Expression, Ident, Qualified
from zdm.recipes import run_sql
from zdm.recipes.object import routine
from zdm.recipes.sql import probes
from zdm.recipes.widening import build, numbers
from zdm.recipes.widening.group import Group, Link, Wide, Wider, apart, beside
from zdm.schema import routines

_BACK = "\nBEGIN\n  IF ({switched}) THEN\n{statements}  END IF;\nEND\n"


def step(group: Group) -> RunSql:
    """All names at once."""
    first, word = group.tables[0].site, group.tables[0].words[0]
    names = ", ".join(str(wide.site.name) for wide in group.tables)
    back = "".join(f"    {sql};\n" for sql in _statements(group, forth=False))
    body = _BACK.format(switched=_switched(group), statements=back)
    return RunSql(
        operation=first.operation,
        origin=first.origin,
        id=first.id("switch"),
        phase=Phase.SWITCH,
        title=f"give the {word} columns of {names} the names",
        sql=tuple(_statements(group, forth=True)),
        locks=tuple(
            TableLock(table=name, mode=LockMode.ACCESS_EXCLUSIVE)
            for name in sorted(group.locked)
        ),
        lock_timeout=run_sql.wait_of_each(len(group.locked)),
        statement_timeout=STATEMENT_TIMEOUT,
        preconditions=tuple(_may_alter(f, first.snapshot, word) for f in _functions(group)),
        probe=probes.probe(_switched(group)),
        undo=(emit.sql("DO {body}", body=Body(body)),),
        serves=BOTH,
        reason="Everything is built and valid, so only names are exchanged; in one transaction,"
        " because between two of them a query would meet a table without the name.",
    )


def _switched(group: Group) -> str:
    return probes.both(
        *(
            probes.column_type(wide.site.name, wider.name, wider.type)
            for wide in group.tables
            for wider in wide.columns
        )
    )


def _statements(group: Group, *, forth: bool) -> Iterator[str]:
    moved = [link for link in group.links if link.moves]
    yield _lock(group)
    for link in moved:
        yield _drop(link.site.name, link.key.name)
    for wide in group.tables:
        yield from _of_table(wide, forth=forth)
    for link in moved:
        yield from _of_link(link, forth=forth)
    for wide in group.tables:
        yield emit.sql("ALTER FUNCTION {f}() RESET ALL", f=Qualified(wide.trigger.function))
    yield from _prepared(group)


def _lock(group: Group) -> str:
    holes = {f"t{number}": Qualified(name) for number, name in enumerate(group.locked)}
    listed = ", ".join(f"{{{hole}}}" for hole in holes)
    return emit.sql(f"LOCK TABLE {listed} IN ACCESS EXCLUSIVE MODE", **holes)


def _drop(table: Name, constraint: str) -> str:
    return emit.sql(
        "ALTER TABLE {t} DROP CONSTRAINT {k}", t=Qualified(table), k=Ident(constraint)
    )


def _of_table(wide: Wide, *, forth: bool) -> Iterator[str]:
    key, name = wide.key, wide.site.name
    if key is not None:
        yield _drop(name, key.name)
    for wider in wide.columns:
        yield from _exchange(name, wider.name)
    if key is not None:
        yield from _primary_key(wide, key, forth=forth)
    for wider in wide.columns:
        yield from _value(wide, wider, forth=forth)


def _exchange(table: Name, name: str) -> Iterator[str]:
    for old, new in ((name, apart(name)), (beside(name), name), (apart(name), beside(name))):
        yield emit.sql(
            "ALTER TABLE {t} RENAME COLUMN {a} TO {b}",
            t=Qualified(table),
            a=Ident(old),
            b=Ident(new),
        )


def _primary_key(wide: Wide, key: Constraint, *, forth: bool) -> Iterator[str]:
    taken = beside(key.name) if forth else build.way_back(key)
    yield emit.sql(
        "ALTER TABLE {t} ADD CONSTRAINT {k} PRIMARY KEY USING INDEX {i}"
        + build.deferrable(key.definition),
        t=Qualified(wide.site.name),
        k=Ident(key.name),
        i=Ident(taken),
    )
    yield from comment(wide.site.name, key)
    for index in wide.indexes:
        if index.constraint == key.name and index.comment is not None:
            full, text = Qualified(wide.site.beside(index.name)), Constant(index.comment)
            yield emit.sql("COMMENT ON INDEX {i} IS {text}", i=full, text=text)


def comment(table: Name, constraint: Constraint) -> Iterator[str]:
    """COMMENT ON CONSTRAINT, where it has one."""
    if constraint.comment is not None:
        yield emit.sql(
            "COMMENT ON CONSTRAINT {k} ON {t} IS {text}",
            k=Ident(constraint.name),
            t=Qualified(table),
            text=Constant(constraint.comment),
        )


def _of_link(link: Link, *, forth: bool) -> Iterator[str]:
    """A key that was dropped with the primary key comes back under its name."""
    name = link.site.name
    if forth:
        yield emit.sql(
            "ALTER TABLE {t} RENAME CONSTRAINT {a} TO {b}",
            t=Qualified(name),
            a=Ident(link.beside),
            b=Ident(link.key.name),
        )
    else:
        yield rewrite.foreign_key(link.key.definition, name, {}, {}, name=link.key.name)
    yield from comment(name, link.key)


def _value(wide: Wide, wider: Wider, *, forth: bool) -> Iterator[str]:
    """The default, the identity and the sequences that belong to the column."""
    default = wider.column.default
    t, c, other = Qualified(wide.site.name), Ident(wider.name), Ident(wider.beside)
    if default is not None:
        yield emit.sql(
            "ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT {d}, ALTER COLUMN {o} DROP DEFAULT",
            t=t,
            c=c,
            d=Expression(default),
            o=other,
        )
    yield from numbers.statements(wide, wider, forth=forth)


def _prepared(group: Group) -> Iterator[str]:
    """Functions that a session may have prepared for the narrow type."""
    snapshot = group.tables[0].site.snapshot
    for function in _functions(group):
        yield routine.touch(function, snapshot)


def _may_alter(function: Function, snapshot: Snapshot, word: str) -> Check:
    return Check(
        sql=routine.owned(function, snapshot),
        failure=f"the function {function.name} is of another role, and the switch has to alter"
        f" it, or sessions that have run it would fail with the {word} columns",
        hint="GRANT its owner's role to the migrating role",
    )


def _functions(group: Group) -> tuple[Function, ...]:
    """Those of plpgsql that name a table, or a column of the table whose trigger they are."""
    found: dict[tuple[Name, str], Function] = {}
    for wide in group.tables:
        found |= {(f.name, f.arguments): f for f in functions(wide)}
    return tuple(found.values())


def functions(wide: Wide) -> Iterator[Function]:
    """The same of one table."""
    own = {trigger.function for trigger in wide.table.triggers}
    for function in wide.site.snapshot.functions:
        names = routines.body_names(function)
        columns = function.name in own and not names.isdisjoint(wide.names)
        if function.language == "plpgsql" and (columns or wide.site.name.name in names):
            yield function
