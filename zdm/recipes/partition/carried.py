"""What a table in use has, and the partitioned table that takes its name must have as well.

LIKE takes columns, NOT NULL and what is listed behind INCLUDING, and nothing else: neither
grants, policies and triggers, nor the owner of a sequence. The rest is hazards:
it changes no query's result.
"""

from collections.abc import Iterator, Mapping, Sequence

from zdm.model import acl
from zdm.model.schema import Column, Constraint, Index, Name, Snapshot, Table, Trigger
from zdm.model.sql import ident
from zdm.parse.readers import fired
from zdm.recipes.object import in_place, triggers
from zdm.recipes.partition import unfit
from zdm.recipes.partition.wrapped import Wrapped
from zdm.schema import generated_names, routines
from zdm.schema.effects import indexes, parents

Problem = tuple[str, str]
_KEYS = frozenset({"primary key", "unique", "exclusion"})
_BEHIND = "behind the CREATE TABLE"


def lacking(wrapped: Wrapped, key: str) -> Iterator[Problem]:
    """What a version would miss at once, and the statement that gives it."""
    old = wrapped.before.require_table(wrapped.table)
    new = wrapped.after.require_table(wrapped.table)
    yield from _columns(old, new)
    yield from _sequences(wrapped)
    yield from _keys(wrapped, old, new, key)
    yield from _conditions(old, new)
    yield from _rights(old, new)
    yield from _triggers(wrapped, old, new, key)


def _columns(old: Table, new: Table) -> Iterator[Problem]:
    if [c.name for c in old.columns] != [c.name for c in new.columns]:
        yield (
            f"the new {old.name} has other columns, or in another order, and `SELECT *` and"
            " INSERT without names of both versions depend on it",
            f"write `CREATE TABLE {old.name.sql} (LIKE … INCLUDING DEFAULTS)`",
        )
        return
    for one, other in zip(old.columns, new.columns, strict=True):
        yield from _column(old, one, other)


def _column(old: Table, one: Column, other: Column) -> Iterator[Problem]:
    name = ident(one.name)
    if one.identity:
        yield (
            f"{old.name}.{one.name} is an identity column, and the new one would begin at 1"
            " again",
            "let it take its numbers from a sequence of its own by a default, in an earlier"
            " release",
        )
    if other.not_null and not one.not_null:
        yield (
            f"{old.name}.{one.name} is not NOT NULL, and in the new one it is",
            f"`ALTER TABLE {old.name.sql} ALTER COLUMN {name} SET NOT NULL` in an earlier"
            " release",
        )
    if one.not_null and not other.not_null:
        yield (
            f"{one.name} of the new {old.name} may be NULL",
            f"write `ALTER TABLE {old.name.sql} ALTER COLUMN {name} SET NOT NULL` {_BEHIND}",
        )
    if one.default is not None and other.default is None:
        yield (
            f"{one.name} of the new {old.name} has no default",
            "write INCLUDING DEFAULTS, and INCLUDING GENERATED where a column is generated,"
            " behind LIKE",
        )


def _sequences(wrapped: Wrapped) -> Iterator[Problem]:
    there = {s.name for s in wrapped.before.sequences}
    for one in wrapped.after.sequences:
        if one.name not in there:
            yield (
                f"the new {wrapped.table} would take numbers from a new sequence"
                f" {one.name.name}, which begins at 1",
                "write LIKE … INCLUDING DEFAULTS, which takes the sequence that is there",
            )
    owners = {s.name: s.owner_table for s in wrapped.after.sequences}
    for one in wrapped.before.sequences:
        if one.owner_table == wrapped.table and owners.get(one.name) != wrapped.table:
            column = ident(one.owner_column or "")
            yield (
                f"{one.name} does not belong to the new {wrapped.table}, so"
                " pg_get_serial_sequence gives NULL",
                f"write `ALTER SEQUENCE {one.name.sql} OWNED BY {wrapped.table.sql}.{column}`"
                f" {_BEHIND}",
            )


def _keys(wrapped: Wrapped, old: Table, new: Table, key: str) -> Iterator[Problem]:
    """ON CONFLICT of the old version names a key by its columns or by its name."""
    for own in old.constraints:
        if own.kind in _KEYS:
            yield from _key(wrapped, own, new, key)
    for index in old.indexes:
        if index.unique and index.constraint is None and not _has_index(new, index):
            yield (
                f"the new {old.name} cannot have the unique index {index.name}, or has not, and"
                " ON CONFLICT of the old version fails",
                f"write INCLUDING INDEXES behind LIKE if it contains {key}; else, if no version"
                f" depends on it, `DROP INDEX CONCURRENTLY {_index_name(old, index)}` in an"
                " earlier release, with `-- zdm: run in contract -- reason` above it",
            )


def _index_name(table: Table, index: Index) -> str:
    return Name(table.name.schema, index.name).sql


def _key(wrapped: Wrapped, own: Constraint, new: Table, key: str) -> Iterator[Problem]:
    if key not in own.columns:
        table, name = wrapped.table, ident(own.name)
        wider = ", ".join(map(ident, (*own.columns, key)))
        yield (
            f"{own.kind} {own.name} of {table} does not contain {key}, so the partitioned table"
            " cannot have it, and ON CONFLICT of the old version fails",
            f"replace it in an earlier release: `ALTER TABLE {table.sql} DROP CONSTRAINT"
            f" {name}, ADD CONSTRAINT {name} {own.kind.upper()} ({wider})`, with `-- zdm: run"
            " in contract -- reason` above it",
        )
        return
    there = new.constraint(own.name)
    alike = there is not None and _is_alike(there, own)
    if alike and _is_deferrable(wrapped, own) == ("DEFERRABLE" in own.definition):
        return
    first, table, name = wrapped.first, wrapped.table, ident(own.name)
    free = ident(f"{own.name}_{first.name}")
    columns = ", ".join(own.columns)
    lacks = f"the new {table} has no {own.kind} {own.name} ({columns}), as it was"
    other = next((c for c in new.constraints if _is_alike(c, own) and c is not there), None)
    if other is None:
        yield (
            f"{lacks}, which ON CONFLICT needs",
            f"write `ALTER TABLE {first.sql} RENAME CONSTRAINT {name} TO {free}` behind the"
            f" RENAME, and `ALTER TABLE {table.sql} ADD CONSTRAINT {name} {own.definition}`"
            f" {_BEHIND}",
        )
    elif "indexes" in wrapped.including and own.name == _default_name(table, own):
        yield (
            f"{lacks}, which ON CONFLICT needs",
            f"write `ALTER TABLE {first.sql} RENAME CONSTRAINT {name} TO {free}` behind the"
            " RENAME, so that LIKE gives the new one this name",
        )
    else:
        yield (
            f"{lacks}, which ON CONFLICT needs",
            f"write `ALTER TABLE {first.sql} RENAME CONSTRAINT {name} TO {free}` behind the"
            f" RENAME, and `ALTER TABLE {table.sql} RENAME CONSTRAINT {ident(other.name)} TO"
            f" {name}` {_BEHIND}",
        )


def _is_alike(one: Constraint, other: Constraint) -> bool:
    return (one.kind, one.columns) == (other.kind, other.columns)


def _default_name(table: Name, key: Constraint) -> str:
    """What PostgreSQL calls it where the author gives it no name (ChooseIndexName)."""
    if key.kind == "primary key":
        return generated_names.chosen(table, (), "pkey", ())
    label = "key" if key.kind == "unique" else "excl"
    return generated_names.chosen(table, key.columns, label, ())


def _is_deferrable(wrapped: Wrapped, own: Constraint) -> bool:
    """As the author writes it, or as LIKE takes it."""
    for one, columns in wrapped.constraints:
        if (one.kind, columns) == (own.kind, own.columns):
            return one.deferrable
    return "DEFERRABLE" in own.definition


def _has_index(new: Table, index: Index) -> bool:
    return any(
        own.unique and own.keys == index.keys and own.predicate is None
        for own in new.indexes
        if None not in index.keys and index.predicate is None
    )


def _conditions(old: Table, new: Table) -> Iterator[Problem]:
    for own in old.constraints:
        if own.kind in ("check", "not null") and not own.validated:
            yield (
                f"{own.name} of {old.name} is NOT VALID",
                f"`ALTER TABLE {old.name.sql} VALIDATE CONSTRAINT {ident(own.name)}` in an"
                " earlier release",
            )
        elif own.kind == "check" and not _has_check(new, own.name):
            yield (
                f"the new {old.name} has no check constraint {own.name}",
                "write INCLUDING CONSTRAINTS behind LIKE",
            )
    for one in new.constraints:
        if one.kind == "check" and not _has_check(old, one.name):
            yield (
                f"the table has no check constraint {one.name}, which the new one has",
                "add it to the table in an earlier release",
            )


def _has_check(table: Table, name: str) -> bool:
    there = table.constraint(name)
    return there is not None and there.kind == "check"


def _rights(old: Table, new: Table) -> Iterator[Problem]:
    yield from _grants(old.grants, new.grants, old, "")
    for one, other in zip(old.columns, new.columns, strict=False):
        yield from _grants(one.grants, other.grants, old, f" ({ident(one.name)})")
    if old.row_security and old.row_security != new.row_security:
        words = ["ENABLE", *(["FORCE"] if old.row_security == "forced" else [])]
        each = " and ".join(
            f"`ALTER TABLE {old.name.sql} {word} ROW LEVEL SECURITY`" for word in words
        )
        yield f"the new {old.name} has no row security", f"write {each} {_BEHIND}"
    named = {policy.name for policy in new.policies}
    for policy in old.policies:
        if policy.name not in named:
            yield (
                f"the new {old.name} has no policy {policy.name}",
                f"write `{policy.definition}` {_BEHIND}",
            )


def _grants(
    before: Sequence[str], after: Sequence[str], table: Table, column: str
) -> Iterator[Problem]:
    now = _privileges(after)
    for grantee, wanted in _privileges(before).items():
        missing = sorted(wanted - now.get(grantee, frozenset()))
        if missing:
            words = ", ".join(f"{word}{column}" for word in missing)
            role = ident(grantee) if grantee else "PUBLIC"
            yield (
                f"{grantee or 'PUBLIC'} has {words} on {table.name}, and not on the new one",
                f"write `GRANT {words} ON {table.name.sql} TO {role}` {_BEHIND}",
            )


def _privileges(grants: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """By role; the owner's own are not listed."""
    found: dict[str, frozenset[str]] = {}
    for entry in map(acl.parse, grants):
        words = {privilege.name for privilege in entry.privileges}
        found[entry.grantee] = found.get(entry.grantee, frozenset()) | words
    return found


def _triggers(wrapped: Wrapped, old: Table, new: Table, key: str) -> Iterator[Problem]:
    left = {t.name for t in wrapped.after.require_table(wrapped.first).triggers}
    for trigger in old.triggers:
        if trigger.name in left:
            yield (
                f"trigger {trigger.name} stays with {wrapped.first}, and does not fire for"
                " other partitions",
                f"write `DROP TRIGGER {ident(trigger.name)} ON {wrapped.first.sql}` behind the"
                f" RENAME, and `{trigger.definition}` {_BEHIND}",
            )
        elif not any(_is_same(trigger, other) for other in new.triggers):
            state = triggers.state(old.name, trigger.name, trigger.enabled)
            yield (
                f"the new {old.name} has no trigger {trigger.name} as it was",
                f"write `{trigger.definition}` and `{state}` {_BEHIND}",
            )
        yield from _unfit(wrapped.before, trigger, key)


def _is_same(one: Trigger, other: Trigger) -> bool:
    return (one.name, one.function, one.enabled) == (other.name, other.function, other.enabled)


def _unfit(snapshot: Snapshot, trigger: Trigger, key: str) -> Iterator[Problem]:
    """A row trigger fires on the partition, and must not send the row to another one."""
    if not parents.each_row(trigger):
        return
    runs = tuple(routines.reached(snapshot, [trigger.function]))
    if any(map(in_place.reads_name, runs)):
        yield (
            f"trigger {trigger.name} reads the table's name (TG_TABLE_NAME), which is that of"
            " the partition from then on",
            "pass the name to it as an argument (TG_ARGV) in an earlier release",
        )
    if not fired.trigger(trigger.definition).before:
        return
    sets = any(
        key in routines.body_names(one) or routines.is_dynamic(one, rows=True) for one in runs
    )
    if sets or not runs:
        yield (
            f"trigger {trigger.name} may set {key} before the row is written, and a partition"
            " refuses a row that then belongs to another one",
            f"give {key} a default instead, and let the trigger's function not name it, in an"
            " earlier release",
        )


def unbuilt(wrapped: Wrapped) -> Iterator[Problem]:
    """Indexes that ATTACH would build in the table."""
    new = wrapped.after.require_table(wrapped.table)
    child = wrapped.after.require_table(wrapped.first)
    free = list(child.indexes)
    for index in new.indexes:
        kind = indexes.kind(wrapped.after, new, index)
        own = next((i for i in free if unfit.alike(i, index, kind, child)), None)
        if own is not None:
            free.remove(own)
        else:
            yield _unbuilt(wrapped.table, index, kind)


def _unbuilt(table: Name, index: Index, kind: str) -> Problem:
    made = "which would be made while all reads and writes wait"
    if kind:
        return (
            f"it lacks the {kind} {index.constraint} of the new table, {made}",
            "add it to the table in an earlier release",
        )
    if None in index.keys or index.predicate is not None:
        return (
            f"it may lack the index {index.name}, {made}: an expression can be written in"
            " several ways",
            "write INCLUDING INDEXES behind LIKE instead, which takes those that are there",
        )
    return (
        f"it lacks the index {index.name} of the new table, {made}",
        f"run `CREATE {unfit.words(index)} ON {table.sql} USING {unfit.shape(index)}` in an"
        " earlier release",
    )


def left_out(wrapped: Wrapped) -> Iterator[str]:
    """What the new table, or a new partition, has not got although the old one had it."""
    old = wrapped.before.require_table(wrapped.table)
    new = wrapped.after.require_table(wrapped.table)
    if old.comment != new.comment:
        yield "the table's comment"
    for one, other in zip(old.columns, new.columns, strict=False):
        yield from _of_column(one, other, wrapped.including)
    if old.options:
        yield f"the storage parameters {', '.join(old.options)}"
    if old.statistics and not new.statistics and "statistics" not in wrapped.including:
        yield "extended statistics"
    for index in old.indexes:
        if not index.unique and not any(own.keys == index.keys for own in new.indexes):
            yield f"the index {index.name}"


def _of_column(one: Column, other: Column, including: frozenset[str]) -> Iterator[str]:
    if one.comment != other.comment and "comments" not in including:
        yield f"the comment of {one.name}"
    kept = (
        ("storage", one.storage, other.storage),
        ("compression", one.compression, other.compression),
        ("statistics target", one.statistics, other.statistics),
        ("options", one.options, other.options),
    )
    for word, was, now in kept:
        if was != now and word not in including:
            yield f"the {word} of {one.name}"
