"""Why two tables cannot be kept the same in these columns, and what to do; pure.

Whatever the one table takes and the other refuses would make a version's write fail, and what
cannot be distinguished would leave rows that the plain migration does not.
"""

from collections.abc import Iterator, Sequence

from zdm.model.schema import Column, Constraint, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind, Fact
from zdm.recipes.column import dependents, partitioned, refusing
from zdm.recipes.moving.group import Group
from zdm.recipes.reading import filled, statements
from zdm.schema import type_change, type_names

Line = tuple[str, str]  # fact and remedy
IN_TWO = (
    "let a version write both tables first, and drop the columns of the old one in a later"
    " release"
)
_EARLIER = "change or drop them in an earlier release"
_LATER = "move it to a revision that is planned after this train is contracted"
_OF_NEW = frozenset({ActionKind.CREATE_INDEX, ActionKind.COMMENT, ActionKind.GRANT})
_OF_OLD = _OF_NEW | {ActionKind.ADD_COLUMN, ActionKind.DROP_COLUMN}


def found(group: Group, actions: Sequence[Action], snapshot: Snapshot) -> Iterator[Line]:
    """All of them; but for the key, which decides what else there is."""
    first = [*_source(group, snapshot), *_key(group, snapshot)]
    yield from first or _others_than_key(group, actions, snapshot)


def _others_than_key(
    group: Group, actions: Sequence[Action], snapshot: Snapshot
) -> Iterator[Line]:
    yield from _more(group)
    for new, old in group.columns:
        was, now = group.source.require_column(old), group.target.require_column(new)
        yield from _types(group, now, was)
        yield from _omitted(group, was, snapshot)
        yield from _on(group, was, snapshot)
    yield from _rows(group, snapshot)
    yield from _drops(group, actions)
    yield from _others(group, actions)


def _source(group: Group, snapshot: Snapshot) -> Iterator[Line]:
    source = group.source
    broken = filled.obstacle(source, snapshot)
    if broken is not None:
        yield broken
    elif source.kind != "table":
        yield f"{source.name} is a {source.kind}", IN_TWO
    elif not partitioned.is_alone(source, snapshot):
        yield f"{source.name} is a part of another table", IN_TWO
    elif source.rules:
        yield f"{source.name} has rules, which change what a trigger writes", IN_TWO
    if source.row_security == "forced":
        yield (
            f"row security is forced on {source.name}, so a trigger may not see all rows",
            f"ALTER TABLE {source.name.sql} NO FORCE ROW LEVEL SECURITY in an earlier release",
        )


def _key(group: Group, snapshot: Snapshot) -> Iterator[Line]:
    source, target = group.source, group.target
    own = source.primary_key
    kinds = [
        type_change.base(source.require_column(old).type, snapshot) for _, old in group.key
    ]
    foreign = [kind for kind in kinds if type_names.split(kind)[0] not in type_change.BUILT_IN]
    if own is None or not _fits(group, own.columns):
        yield (
            f"{target.name} has no primary key that gets the primary key of {source.name}, by"
            " which zdm knows which rows belong together",
            f"give {target.name} such a key, of the same type, and copy it in the INSERT",
        )
    elif foreign:
        yield f"the key's type {foreign[0]} is not one of PostgreSQL's own", IN_TWO
    elif not any(_follows(one, group) for one in target.constraints):
        yield (
            f"no foreign key of {target.name} deletes its rows with those of {source.name}, so"
            " the old version could delete none, or would leave rows behind",
            f"let the key of {target.name} be a foreign key to {source.name} with ON DELETE"
            " CASCADE",
        )


def _fits(group: Group, own: tuple[str, ...]) -> bool:
    """Whether the two primary keys have the same columns."""
    primary, key = group.target.primary_key, dict(group.key)
    if primary is None or {*key} != {*primary.columns} or {*key.values()} != {*own}:
        return False
    pairs = (
        (group.target.require_column(new), group.source.require_column(old))
        for new, old in key.items()
    )
    return all((n.type, n.collation) == (o.type, o.collation) for n, o in pairs)


def _follows(one: Constraint, group: Group) -> bool:
    deletes = "ON DELETE CASCADE" in one.definition and "NOT ENFORCED" not in one.definition
    return _is_of_key(one, group) and deletes


def _is_of_key(one: Constraint, group: Group) -> bool:
    """Whether it is the foreign key of the one table's key to that of the other."""
    key = tuple(dict(group.key).get(column) for column in one.columns)
    return (
        one.kind == "foreign key"
        and one.references == group.source.name
        and {*one.columns} == {new for new, _ in group.key}
        and one.referenced_columns == key
    )


def _more(group: Group) -> Iterator[Line]:
    """What else the new table has."""
    target = group.target
    said = {new for new, _ in group.said.columns}
    listed = [
        *(f"column {c.name}" for c in target.columns if c.name not in said),
        *(
            f"{c.kind} constraint {c.name}"
            for c in target.constraints
            if c.kind not in ("primary key", "not null") and not _is_of_key(c, group)
        ),
        *(f"index {i.name}" for i in target.indexes if i.unique and i.constraint is None),
        *(f"trigger {t.name}" for t in target.triggers),
        *(f"policy {p.name}" for p in target.policies),
        *("row security" for _ in [target.row_security] if target.row_security),
        *("rules" for _ in target.rules[:1]),
        *("parents or partitions" for _ in [target] if _is_related(target)),
        *(f"what {target.opaque} makes" for _ in [target.opaque] if target.opaque),
    ]
    if listed:
        yield (
            f"{target.name} has more than its key and the columns that move:"
            f" {', '.join(listed)}",
            "add it in a later release",
        )


def _is_related(table: Table) -> bool:
    return bool(table.kind != "table" or table.inherits or table.partition_of)


def _types(group: Group, now: Column, was: Column) -> Iterator[Line]:
    one, other = f"{group.target.name}.{now.name}", f"{group.source.name}.{was.name}"
    if (now.type, now.collation) != (was.type, was.collation):
        yield (
            f"{one} has another type or collation than {other} ({now.type}, {was.type})",
            f"give {one} the type {was.type}, and change it in a later release",
        )
    alone = len(group.columns) == 1 and bool(group.said.given)
    if now.not_null and not was.not_null and not alone:
        yield (
            f"{one} is NOT NULL, and the old version may leave {other} NULL",
            "leave NOT NULL out, and set it in a later release",
        )


def _omitted(group: Group, was: Column, snapshot: Snapshot) -> Iterator[Line]:
    """What a row of the new version would hold in the old place."""
    name = f"{group.source.name}.{was.name}"
    if was.generated or was.identity:
        yield f"{name} is generated", IN_TWO
    elif was.default is not None or type_change.domain_default(was.type, snapshot):
        yield (
            f"{name} has a default, which rows that the new version inserts would hold, too",
            "drop the default in an earlier release, with versions that write the value",
        )
    if refusing.null_refused(was, snapshot):
        yield (
            f"the domain {was.type} of {name} may refuse NULL, which rows of the new version"
            " hold there",
            f"change the column to the base type of {was.type} in an earlier release, which"
            " rewrites nothing",
        )
    if was.unwritten or was.kept_filled or was.updated:
        yield f"this train also adds or fills {name}", _LATER


def _on(group: Group, was: Column, snapshot: Snapshot) -> Iterator[Line]:
    """What is on the column: it would refuse what the new place takes, or keep it from being
    dropped."""
    source = group.source
    refuses = [
        *(
            f"{c.kind} constraint {c.name}"
            for c in source.constraints
            if was.name in c.columns and c.kind not in ("not null", "trigger")
        ),
        *(
            f"unique index {i.name}"
            for i in source.indexes
            if i.unique and was.name in i.columns and i.constraint is None
        ),
    ]
    if refuses:
        yield (
            f"{', '.join(refuses)} of {source.name} may refuse what the new version writes to"
            f" {group.target.name}",
            "drop it in an earlier release, and add it to the new table in a later one",
        )
    blocked = [
        *dependents.blocking(snapshot, source, was.name),
        *dependents.in_triggers(snapshot, source, was.name),
    ]
    if blocked:
        yield (
            f"{source.name}.{was.name} cannot be dropped, because these depend on it:"
            f" {', '.join(blocked)}",
            _EARLIER,
        )


def _rows(group: Group, snapshot: Snapshot) -> Iterator[Line]:
    """Which rows have one in the new table."""
    olds = [old for _, old in group.columns]
    tests = " OR ".join(f"{ident(old)} IS NOT NULL" for old in olds)
    if len({*olds}) < len(olds) or not olds:
        yield "the INSERT takes one column twice, or only the key", "take each column once"
    elif group.said.given and {*group.said.given} != {*olds}:
        yield (
            f"the WHERE of the INSERT leaves out rows that have one of {', '.join(olds)}",
            f"write WHERE {tests}",
        )
    elif not group.given:
        yield (
            f"a row in which the old version leaves {', '.join(olds)} NULL cannot be"
            " distinguished from one that the new version inserts, and only the first should"
            f" get a row in {group.target.name}",
            f"write WHERE {tests} in the INSERT: rows without a value then have none there",
        )
    for column in map(group.source.require_column, group.said.given):
        if _is_row(column, snapshot):
            yield (
                f"a value of {column.type} with a NULL in it is neither NULL nor NOT NULL, so"
                " the INSERT leaves it out",
                IN_TWO,
            )


def _is_row(column: Column, snapshot: Snapshot) -> bool:
    base = type_change.base(column.type, snapshot)
    rows = {type_names.str_qualified(table.name) for table in snapshot.tables}
    return base in rows or type_change.found(base, snapshot, "composite") is not None


def _drops(group: Group, actions: Sequence[Action]) -> Iterator[Line]:
    stays = [old for _, old in group.columns if old not in group.drops]
    if stays:
        yield (
            f"the INSERT takes {', '.join(stays)} as well, which stays in {group.source.name}",
            "drop it in this train, too, or leave it out of the INSERT",
        )
    for place in group.drops.values():
        fact = actions[place].fact
        if isinstance(fact, Fact) and fact.cascade:
            yield (
                f"DROP COLUMN {fact.name} CASCADE also drops everything that depends on it,"
                " listed or not",
                "drop each dependent object by name, and remove CASCADE",
            )


def _others(group: Group, actions: Sequence[Action]) -> Iterator[Line]:
    """What else the train does to one of the tables, behind the INSERT."""
    olds = {old for _, old in group.said.columns}
    for place, action in enumerate(actions):
        fact = action.fact
        if place in group.consumed or not isinstance(fact, Fact):
            continue
        of_new, of_old = (fact.table == t.name for t in (group.target, group.source))
        harmless = fact.kind in (_OF_NEW if of_new else _OF_OLD)
        unique = fact.kind is ActionKind.CREATE_INDEX and "unique" in statements.words(action)
        uses = of_old and fact.kind is not ActionKind.CREATE_INDEX
        touched = uses and bool(olds & {fact.name, fact.new_name})
        if (of_new or of_old) and (not harmless or unique or touched):
            yield f"{action.source} changes one of the two tables, too", _LATER
