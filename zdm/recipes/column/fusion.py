"""Find add, fill and drop that together mean one change with dual write.

ADD new, UPDATE new = f(old), DROP old may be in one or several revisions, with other
changes between them; where an earlier release has added `new`, the ADD is missing. Planned
as three changes they lose the writes that the old version makes after the fill.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from zdm.model.expression import Every, Expression, NullTest
from zdm.model.operation import Refusal
from zdm.model.schema import Column, Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind, Directive, DirectiveKind, Fact, Setting
from zdm.model.syntax import DropObjects, SetDefault
from zdm.parse import expressions, mentioned
from zdm.recipes.column import dependents, outgrown, refusing
from zdm.recipes.column.outgrown import Outgrown
from zdm.recipes.reading import added, refuse, updates
from zdm.recipes.reading.updates import Update
from zdm.schema import type_names

_TOUCHES_NEW = frozenset(
    {
        ActionKind.DROP_COLUMN,
        ActionKind.RENAME_COLUMN,
        ActionKind.CHANGE_TYPE,
        ActionKind.DROP_DEFAULT,
    }
)


class Fused(Struct, frozen=True, kw_only=True):
    """The change that the Actions at `consumed` mean together."""

    table: Table
    old: Column
    new: Column
    forward: str  # over the old column by its bare quoted name
    fill: Expression  # the same as written
    differs_where: str  # what the author's WHERE adds, over bare names; empty: nothing
    adds: bool
    default: str | None  # set on the new column by the train
    consumed: tuple[int, ...]
    reverse: Directive | None
    settings: tuple[Setting, ...]  # in force at the UPDATE
    outgrown: Outgrown
    refusing: tuple[str, ...]  # in words: what would refuse the new column's values

    @property
    def identity(self) -> bool:
        """The value is copied as it is."""
        if self.old.type != self.new.type:
            return False
        return expressions.column(expressions.without_cast(self.fill)) is not None


class _Found(Struct, frozen=True, kw_only=True):
    """The positions of the parts; `add` is None where the column already exists."""

    table: Table
    add: int | None
    fill: int
    drop: int
    update: Update
    old: str
    new: str


def find(actions: Sequence[Action], snapshot: Snapshot) -> Fused | Refusal | None:
    """The fused change that begins with the first Action, if one does."""
    found = _parts(actions, snapshot)
    if found is None:
        return None
    problem = _problem(actions, found)
    if problem is not None:
        parts = (found.add, found.fill, found.drop)
        refusal = refuse.refuse(
            actions[0],
            "cannot_be_fused",
            f"{found.table.name}: adding {found.new}, filling it from {found.old}"
            f" and dropping {found.old} is one change that must be kept in sync, but"
            f" {problem}",
            "add the new column nullable and without a default, fill it with one UPDATE of"
            " every row, drop the old one, and move the rest to a later release",
        )
        return replace(refusal, consumed=tuple(sorted(p for p in parts if p is not None)))
    return _fused(actions, snapshot, found)


def _parts(actions: Sequence[Action], snapshot: Snapshot) -> _Found | None:
    """The first UPDATE of one column from one other that a later Action drops."""
    first = actions[0].fact
    if not isinstance(first, Fact) or first.table is None:
        return None
    table = snapshot.table(first.table)
    if table is None or table.created:
        return None
    if first.kind is ActionKind.ADD_COLUMN:
        return _search(actions, table, new=first.name, add=0)
    if first.kind is ActionKind.UPDATE:
        return _search(actions, table, new=None, add=None)
    return None


def _search(
    actions: Sequence[Action],
    table: Table,
    *,
    new: str | None,
    add: int | None,
) -> _Found | None:
    for position, action in enumerate(actions if new else actions[:1]):
        if new and new not in updates.targets(action):  # most are about something else
            continue
        update = updates.read(action)
        if update is None or update.table != table.name or len(update.assignments) != 1:
            continue
        target, value = update.assignments[0]
        reads = expressions.columns(value)
        if len(reads) != 1 or reads[0] == target:
            continue
        drop = _drop_of(actions, table.name, reads[0], position)
        if drop is not None and table.column(reads[0]) is not None:
            return _Found(
                table=table,
                add=add,
                fill=position,
                drop=drop,
                update=update,
                old=reads[0],
                new=target,
            )
    return None


def _drop_of(actions: Sequence[Action], table: Name, column: str, after: int) -> int | None:
    for position in range(after + 1, len(actions)):
        fact = actions[position].fact
        if not isinstance(fact, Fact) or fact.kind is not ActionKind.DROP_COLUMN:
            continue
        if (fact.table, fact.name) == (table, column):
            return position
    return None


def _problem(actions: Sequence[Action], found: _Found) -> str | None:
    """Why the parts cannot be planned as one change."""
    if found.add is not None:
        problem = _add_problem(actions[found.add])
    else:
        problem = _existing_problem(found)
    drop = actions[found.drop].fact
    if problem is None and isinstance(drop, Fact) and drop.cascade:
        problem = "the drop says CASCADE, which also drops what is not listed"
    if problem is None and not found.update.simple:
        problem = "the UPDATE has a FROM, WITH, RETURNING or subquery"
    if problem is None and _where(found) is None:
        problem = "the UPDATE does not cover every row"
    return problem or _interference(actions, found)


def _add_problem(action: Action) -> str | None:
    column = added.definition(action)
    if type_names.is_serial(column.type):
        return "the new column is serial"
    if {constraint.kind for constraint in column.constraints} - {"null"}:
        return "the new column is added with a default or constraint of its own"
    return None


def _existing_problem(found: _Found) -> str | None:
    column = found.table.column(found.new)
    if column is None:
        return f"{found.new} does not exist"
    if column.not_null or column.default is not None or column.identity:
        return f"{found.new} has NOT NULL or a default"
    return None


def _where(found: _Found) -> str | None:
    """What the WHERE adds to the condition; None if it leaves rows out."""
    where = found.update.where
    if where is None:
        return ""
    form = expressions.form(where)
    words = []
    for test in form.tests if isinstance(form, Every) else (where,):
        form = expressions.form(test)
        if not isinstance(form, NullTest):
            return None
        tested = expressions.columns(form.of)
        if (tested, form.negated) == ((found.new,), False):
            words += [] if found.add is not None else [f"{ident(found.new)} IS NULL"]
        elif (tested, form.negated) == ((found.old,), True):
            words.append(f"{ident(found.old)} IS NOT NULL")
        else:
            return None
    return " AND ".join(words)


def _interference(actions: Sequence[Action], found: _Found) -> str | None:
    """Another Action of the train that changes one of the two columns."""
    for position, action in enumerate(actions):
        if position in {found.add, found.fill, found.drop}:
            continue
        fact = action.fact
        if not isinstance(fact, Fact) or fact.table != found.table.name:
            continue
        if position < found.drop and _mentions(action, fact, found.old):
            return f"{action.source} uses {found.old} in between"
        if fact.kind in _TOUCHES_NEW and fact.name == found.new:
            return f"{action.source} changes {found.new} again in the same train"
    return None


def _mentions(action: Action, fact: Fact, column: str) -> bool:
    if column in (fact.name, fact.new_name):
        return True
    return column in mentioned.words(action)


def _fused(actions: Sequence[Action], snapshot: Snapshot, found: _Found) -> Fused:
    if found.add is not None:
        new = _new_column(actions[found.add], snapshot, found.new)
    else:
        new = found.table.require_column(found.new)
    old, fill = found.table.require_column(found.old), found.update.assignments[0][1]
    where = _where(found) or ""
    default_at, default = _default(actions, found)
    parts = [found.add, found.fill, found.drop, default_at, *_goes_along(actions, found)]
    consumed = tuple(sorted({part for part in parts if part is not None}))
    return Fused(
        table=found.table,
        old=old,
        new=new,
        forward=_forward(fill, found, where),
        fill=fill,
        differs_where=where,
        adds=found.add is not None,
        default=default,
        consumed=consumed,
        reverse=_reverse(actions, consumed, found.old),
        settings=actions[found.fill].statement.settings,
        outgrown=outgrown.of(actions, found.table, old, found.new, fill),
        refusing=outgrown.obstacles(actions, found.table, found.old, found.new),
    )


def _goes_along(actions: Sequence[Action], found: _Found) -> Iterator[int]:
    """Indexes and constraints of the old column that the train drops before the column, as
    autogenerate writes it: until the old version is gone they stay, and go with the column."""
    for position, action in enumerate(actions):
        said, fact = action.said, action.fact
        if position >= found.drop or not isinstance(fact, Fact) or fact.cascade:
            continue
        if isinstance(said, DropObjects) and fact.kind is ActionKind.DROP_INDEX:
            schema, _, name = fact.name.rpartition(".")
            own = schema in ("", found.table.name.schema)
            here = (i for i in found.table.indexes if own and i.name == name)
            if any(found.old in i.columns and i.constraint is None for i in here):
                yield position
        elif fact.kind is ActionKind.DROP_CONSTRAINT and fact.table == found.table.name:
            of = [c for c in found.table.constraints if c.name == fact.name]
            if any(found.old in c.columns for c in of):
                yield position


def _forward(fill: Expression, found: _Found, where: str) -> str:
    if expressions.column(fill) is not None:
        return ident(found.old)
    text = expressions.bare(fill)
    if f"{ident(found.old)} IS NOT NULL" in where:
        return f"CASE WHEN {ident(found.old)} IS NOT NULL THEN {text} END"
    return text


def _new_column(action: Action, snapshot: Snapshot, name: str) -> Column:
    definition = added.definition(action)
    return Column(
        name=name,
        type=type_names.canonical(definition.type, snapshot, action.statement.settings),
        collation=ident(*definition.collation) or None,
    )


def _default(actions: Sequence[Action], found: _Found) -> tuple[int | None, str | None]:
    """A SET DEFAULT on the new column: it is set when the trigger is dropped, not before."""
    for position, action in enumerate(actions):
        fact, sets = action.fact, action.said
        if not isinstance(fact, Fact) or fact.kind is not ActionKind.SET_DEFAULT:
            continue
        if not isinstance(sets, SetDefault) or sets.expression is None:
            continue
        if (fact.table, fact.name) == (found.table.name, found.new):
            return position, expressions.sql(sets.expression)
    return None, None


def _reverse(
    actions: Sequence[Action], consumed: tuple[int, ...], old: str
) -> Directive | None:
    for position in consumed:
        for directive in actions[position].statement.directives:
            if directive.kind is DirectiveKind.REVERSE and directive.argument == old:
                return directive
    return None


def refused(action: Action, found: Fused) -> Refusal | None:
    """That the old column's unique or foreign keys would refuse the new version's values."""
    if not found.refusing:
        return None
    line = outgrown.refusal(found.table, found.old.name, found.new.name, found.refusing)
    refusal = refuse.refuse(action, "column_still_refuses", *line)
    return replace(refusal, consumed=found.consumed)


def obstacles(snapshot: Snapshot, found: Fused) -> tuple[str, ...]:
    """Why the old column cannot be kept in sync or dropped, in words."""
    table, old = found.table, found.old
    words = list(dependents.blocking(snapshot, table, old.name))
    if old.identity or old.generated:
        words.append(f"{old.name} is {'an identity' if old.identity else 'a generated'} column")
    if table.primary_key is not None and old.name in table.primary_key.columns:
        words.append(f"primary key {table.primary_key.name}")
    words += dependents.in_triggers(snapshot, table, old.name)
    if refusing.null_refused(old, snapshot):
        words.append(f"domain {old.type} (it may refuse NULL, which {old.name} is in the end)")
    return tuple(dict.fromkeys(words))
