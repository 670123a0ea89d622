"""Everything of a column that a plain RENAME COLUMN keeps, recreated on another column.

Built after the backfill, under temporary names, because the old column still uses the final
ones; when the old column is dropped, they are renamed to what the plain migration leaves.
What cannot be recreated in this way is named and refused.
"""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from zdm.model import acl
from zdm.model.locks import LockMode
from zdm.model.plan import (
    BOTH,
    OLD_ONLY,
    AwaitRollout,
    Phase,
    RunSql,
    Step,
    TableLock,
)
from zdm.model.schema import Column, Constraint, Index, Snapshot, Table
from zdm.model.sql import zdm_name
from zdm.parse import emit, rewrite
from zdm.parse.emit import Constant, Ident, Qualified
from zdm.recipes import run_sql
from zdm.recipes.column import dependents
from zdm.recipes.constraint import not_null
from zdm.recipes.index import build
from zdm.recipes.index.build import NewIndex
from zdm.recipes.site import Site
from zdm.recipes.sql import probes


class Move(Struct, frozen=True, kw_only=True):
    """The table's site, and the names of the old and the new column."""

    site: Site
    old: str
    new: str


_WORDS = {  # the catalog's letters
    "STORAGE": {"p": "PLAIN", "e": "EXTERNAL", "x": "EXTENDED", "m": "MAIN"},
    "COMPRESSION": {"p": "pglz", "l": "lz4"},
}


def obstacles(snapshot: Snapshot, table: Table, column: str) -> tuple[str, ...]:
    """What depends on the column and cannot be carried over, in words."""
    found = [
        *dependents.blocking(snapshot, table, column),
        *_obstacles(snapshot, table, column),
    ]
    return tuple(dict.fromkeys(found))


def _obstacles(snapshot: Snapshot, table: Table, column: str) -> Iterator[str]:
    mine = table.column(column)
    if mine is not None and (mine.identity or mine.generated):
        yield f"{column} is {'an identity' if mine.identity else 'a generated'} column"
    for name in dependents.vanishing(snapshot, table, column):
        if name.split()[0] not in {"check", "unique", "foreign", "index", "GRANT"}:
            yield name
    for found in table.indexes:
        if column in found.columns and not _plain_index(found):
            yield f"index {found.name} (invalid, replica identity, CLUSTER, statistics target)"
    yield from dependents.in_triggers(snapshot, table, column)


def _plain_index(found: Index) -> bool:
    odd = found.replica_identity or found.clustered or found.statistics
    return found.valid and not odd


def properties(move: Move) -> tuple[str, ...]:
    """Statements for what belongs to the column itself: statistics target, storage, options,
    comment, grants. They run in the transaction that adds it."""
    column = move.site.table.column(move.old)
    return () if column is None else tuple(_properties(move, column))


def _properties(move: Move, column: Column) -> Iterator[str]:
    table, new = Qualified(move.site.name), Ident(move.new)
    if column.statistics is not None:
        yield emit.sql(
            f"ALTER TABLE {{t}} ALTER COLUMN {{c}} SET STATISTICS {int(column.statistics)}",
            t=table,
            c=new,
        )
    words = (("STORAGE", column.storage), ("COMPRESSION", column.compression))
    for keyword, letter in words:
        if letter is not None:
            word = _WORDS[keyword][letter]
            yield emit.sql(
                f"ALTER TABLE {{t}} ALTER COLUMN {{c}} SET {keyword} {word}", t=table, c=new
            )
    for option in column.options:
        key, _, value = option.partition("=")
        yield emit.sql(
            "ALTER TABLE {t} ALTER COLUMN {c} SET ({key} = {value})",
            t=table,
            c=new,
            key=Ident(key),
            value=Constant(value),
        )
    if column.comment is not None:
        yield emit.sql(
            "COMMENT ON COLUMN {t}.{c} IS {text}", t=table, c=new, text=Constant(column.comment)
        )
    for grant in column.grants:
        yield from _grants(move, grant)


def _grants(move: Move, item: str) -> Iterator[str]:
    """An entry of the old column's access list, as GRANTs on the new one."""
    entry = acl.parse(item)
    to, parts = ("{role}", {"role": Ident(entry.grantee)}) if entry.grantee else ("PUBLIC", {})
    for privilege in entry.privileges:
        option = " WITH GRANT OPTION" if privilege.grantable else ""
        yield emit.sql(
            f"GRANT {privilege.name} ({{c}}) ON TABLE {{t}} TO {to}{option}",
            c=Ident(move.new),
            t=Qualified(move.site.name),
            **parts,
        )


def steps(move: Move) -> tuple[RunSql, ...]:
    """Indexes, constraints and NOT NULL on the new column, in the phase VALIDATE; without
    unique indexes."""
    table = move.site.table
    found: list[RunSql] = []
    for item in _indexes(move):
        if not item.unique:
            found += _index_steps(move, item)
    for kind in ("check", "foreign key"):
        for constraint in _constraints(move, kind):
            found += _constraint_steps(move, constraint)
    column = table.column(move.old)
    if column is not None and column.not_null:
        kept = not_null.named(not_null.constraint_of(table, move.old))
        wide = replace(table, columns=(*table.columns, replace(column, name=move.new)))
        found += not_null.prove(replace(move.site, table=wide), move.new, wanted=kept)
    return tuple(found)


def unique_steps(move: Move) -> tuple[RunSql, ...]:
    """Unique indexes on the new column, in the phase SWITCH, which is the last before the
    rollout: while both columns have one, INSERT … ON CONFLICT may fail."""
    return tuple(
        replace(step, phase=Phase.SWITCH)
        for item in _indexes(move)
        if item.unique
        for step in _index_steps(move, item)
    )


def not_new_before_unique(found: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps, of which those before the last unique index do not serve the new version:
    its ON CONFLICT (new column) is an error without the index."""
    unique = [n for n, step in enumerate(found) if isinstance(step, RunSql) and _unique(step)]
    last = max(unique, default=0)
    return tuple(
        step if n >= last or isinstance(step, AwaitRollout) else replace(step, serves=OLD_ONLY)
        for n, step in enumerate(found)
    )


def _unique(step: RunSql) -> bool:
    return step.sql[0].startswith("CREATE UNIQUE INDEX")


def _indexes(move: Move) -> list[Index]:
    return [i for i in move.site.table.indexes if move.old in i.columns]


def _constraints(move: Move, kind: str) -> list[Constraint]:
    return [c for c in move.site.table.constraints if c.kind == kind and move.old in c.columns]


def temporary(name: str) -> str:
    """What an index or constraint is called until the old column is gone."""
    return zdm_name(name)


def _index_steps(move: Move, item: Index) -> Iterator[RunSql]:
    name = temporary(item.name)
    columns = tuple(move.new if c == move.old else c for c in item.columns)
    new = NewIndex(
        name=name,
        sql=rewrite.index(item.definition, move.old, move.new, name=name),
        columns=columns,
        unique=item.unique,
    )
    yield build.build(move.site, new, phase=Phase.VALIDATE)
    if item.constraint is not None:
        constraint = move.site.table.constraint(item.constraint)
        yield _adopt(move, name, constraint.definition if constraint else "")


def _adopt(move: Move, name: str, definition: str) -> RunSql:
    """UNIQUE USING INDEX: instant, for the index is there."""
    deferrable = "".join(
        f" {word}" for word in ("DEFERRABLE", "INITIALLY DEFERRED") if word in definition
    )
    return run_sql.short_transaction(
        move.site,
        id=move.site.id(name, "constraint"),
        phase=Phase.VALIDATE,
        title=f"make index {name} a UNIQUE constraint of {move.site.name}",
        sql=(
            emit.sql(
                f"ALTER TABLE {{t}} ADD CONSTRAINT {{k}} UNIQUE USING INDEX {{k}}{deferrable}",
                t=Qualified(move.site.name),
                k=Ident(name),
            ),
        ),
        locks=move.site.lock_to_add(LockMode.ACCESS_EXCLUSIVE),
        probe=probes.probe(probes.constraint(move.site.name, name)),
        undo=(_drop_constraint(move.site, name),),
        serves=BOTH,
        reason="The index is built and valid, so the constraint takes milliseconds.",
    )


def _constraint_steps(move: Move, constraint: Constraint) -> Iterator[RunSql]:
    yield _add_constraint(move, constraint)
    if constraint.validated:
        yield _validate_constraint(move, constraint)


def _add_constraint(move: Move, constraint: Constraint) -> RunSql:
    site, name = move.site, temporary(constraint.name)
    foreign = constraint.kind == "foreign key"
    build_step = run_sql.foreign_key_change if foreign else run_sql.short_transaction
    mode = LockMode.SHARE_ROW_EXCLUSIVE if foreign else LockMode.ACCESS_EXCLUSIVE
    return build_step(
        site,
        id=site.id(name, "add"),
        phase=Phase.VALIDATE,
        title=f"add {constraint.kind} {constraint.name} to {site.name}.{move.new}, too",
        sql=(
            rewrite.constraint(constraint.definition, site.name, move.old, move.new, name=name),
        ),
        locks=tuple(
            sorted({*_both_locks(move, constraint, mode, mode), *site.lock_to_add(mode)})
        ),
        probe=probes.probe(probes.constraint(site.name, name)),
        undo=(_drop_constraint(site, name),),
        serves=BOTH,
        reason="NOT VALID needs no scan; both columns hold the same value, so the old version"
        " meets the constraint on either.",
    )


def _validate_constraint(move: Move, constraint: Constraint) -> RunSql:
    """VALIDATE of a CHECK or foreign key; the latter also locks the referenced table."""
    modes = (LockMode.SHARE_UPDATE_EXCLUSIVE, LockMode.ROW_SHARE)
    step = not_null.validate(move.site, temporary(constraint.name))
    return replace(step, locks=_both_locks(move, constraint, *modes))


def _drop_constraint(site: Site, name: str) -> str:
    return emit.sql(
        "ALTER TABLE {t} DROP CONSTRAINT IF EXISTS {k}", t=Qualified(site.name), k=Ident(name)
    )


def _comment_on(site: Site, constraint: Constraint) -> Iterator[str]:
    if constraint.comment is not None:
        yield emit.sql(
            "COMMENT ON CONSTRAINT {k} ON {t} IS {text}",
            k=Ident(constraint.name),
            t=Qualified(site.name),
            text=Constant(constraint.comment),
        )


def _both_locks(
    move: Move, constraint: Constraint, here: LockMode, there: LockMode
) -> tuple[TableLock, ...]:
    """The locks on the table and on the one that a foreign key references."""
    locks = set(move.site.lock(here))
    if constraint.references is not None and constraint.references != move.site.name:
        locks.add(TableLock(table=constraint.references, mode=there))
    return tuple(sorted(locks))


def renames(move: Move) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Statements that give the final names and comments, and SELECTs that say that the names
    are there."""
    statements: list[str] = []
    done: list[str] = []
    site = move.site
    for item in _indexes(move):
        full = site.beside(item.name)
        if item.constraint is None:
            current = Qualified(site.beside(temporary(item.name)))
            statements.append(
                emit.sql("ALTER INDEX {i} RENAME TO {n}", i=current, n=Ident(item.name))
            )
            done.append(probes.index_valid(full))
        if item.comment is not None:
            text = Constant(item.comment)
            statements.append(
                emit.sql("COMMENT ON INDEX {i} IS {text}", i=Qualified(full), text=text)
            )
    for constraint in site.table.constraints:
        if move.old in constraint.columns:
            statements += _settle(move, constraint)
            done.append(probes.constraint(site.name, constraint.name))
    return tuple(statements), tuple(done)


def _settle(move: Move, constraint: Constraint) -> Iterator[str]:
    """Give a constraint its final name and its comment."""
    table, name = Qualified(move.site.name), Ident(constraint.name)
    current = temporary(constraint.name)
    if constraint.kind == "not null":
        current = not_null.final_name(move.site, move.new)
    if current != constraint.name:
        yield emit.sql(
            "ALTER TABLE {t} RENAME CONSTRAINT {a} TO {b}", t=table, a=Ident(current), b=name
        )
    yield from _comment_on(move.site, constraint)
