"""ALTER COLUMN … TYPE of integers to wider ones, of keys with all that refers to them.

As written it rewrites the table and its indexes under ACCESS EXCLUSIVE (manual, ALTER TABLE,
Notes; measured 11-18), and each referencing table with it. Both versions read every value of
the narrow type alike, so the name can stay: a wider column follows the narrow one by a trigger,
is filled in batches and gets the same indexes and constraints; then the two exchange their
names in one transaction (the switch). Until the contract the narrow column follows, so values
that it cannot hold are refused as before, and everything can go back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zdm.model.commands import AlterSequence
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Phase, RunSql, Step, TableLock
from zdm.model.schema import Name, Snapshot
from zdm.model.schema import Sequence as Numbers
from zdm.model.statement import Action, ActionKind, Fact, Setting
from zdm.model.syntax import ChangeType
from zdm.parse import emit, expressions
from zdm.parse.emit import Qualified
from zdm.recipes import run_sql, site
from zdm.recipes.reading import filled, refuse, statements
from zdm.recipes.sql import probes
from zdm.recipes.widening import build, contract, fill, group, obstacles, switch, train
from zdm.recipes.widening.group import Group, Wide, Wider
from zdm.schema import lookup, replication, routines, sequences, type_names

SLUG = "widen_integer"
_Types = dict[tuple[Name, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WidenInteger:
    """Widen columns that are connected by their tables and foreign keys: each with its new
    type; and sequences that the author makes wider with them."""

    columns: tuple[tuple[Name, str, str], ...]
    sequences: tuple[tuple[Name, str], ...] = ()
    settings: tuple[Setting, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        listed = ", ".join(f"{table}.{name} to {new}" for table, name, new in self.columns)
        return f"widen {listed}"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """The risks that remain."""
        whole = self._group(context)
        lines = [*_of_all(whole), *self._numbers(context.snapshot)]
        for wide in whole.tables:
            lines += _of_table(wide)
        return tuple(
            Hazard(operation=SLUG, message=text, remedy=remedy, origin=context.origin)
            for text, remedy in dict.fromkeys(lines)
        )

    def _numbers(self, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
        """Sequences of serials that end before the new type does."""
        wider = {name for name, _ in self.sequences}
        for table, column, new in self.columns:
            for one in snapshot.sequences:
                owned = (one.owner_table, one.owner_column) == (table, column)
                if owned and not one.identity and one.name not in wider and one.type != new:
                    yield (
                        f"the sequence {one.name} of {table}.{column} stays {one.type}, and"
                        f" nextval fails after {one.maximum}",
                        f"write ALTER SEQUENCE {one.name.sql} AS {new} in this train, too",
                    )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Beside, filled, built, switched, and ended after the rollout."""
        whole = self._group(context)
        return (
            *(self._as(context, name, new) for name, new in self.sequences),
            *map(fill.install, whole.tables),
            *map(fill.fill, whole.tables),
            *build.steps(whole),
            switch.step(whole),
            *contract.steps(whole),
        )

    def _group(self, context: Context) -> Group:
        return _group(context, self.columns, self.settings)

    def _as(self, context: Context, name: Name, new: str) -> RunSql:
        """ALTER SEQUENCE … AS; nextval waits for it. Its lock counts for the table."""
        old = next(s for s in context.snapshot.sequences if s.name == name)
        owner = run_sql.Owned(operation=SLUG, origin=context.origin)
        return run_sql.short_transaction(
            owner,
            id=f"{name}-as",
            phase=Phase.EXPAND,
            title=f"make the sequence {name} {new}",
            sql=(_as(name, new),),
            locks=()
            if old.owner_table is None
            else (TableLock(table=old.owner_table, mode=LockMode.SHARE_ROW_EXCLUSIVE),),
            probe=probes.probe(probes.sequence_type(name, new)),
            undo=(_as(name, old.type),),
            serves=BOTH,
            reason="Its numbers and its last value stay; the table is not touched.",
        )


def _as(name: Name, type_: str) -> str:
    return emit.sql(f"ALTER SEQUENCE {{s}} AS {type_}", s=Qualified(name))


def _group(
    context: Context, columns: Sequence[tuple[Name, str, str]], settings: tuple[Setting, ...]
) -> Group:
    tables = []
    for name in dict.fromkeys(table for table, _, _ in columns):
        table = context.snapshot.require_table(name)
        own = tuple(
            Wider(column=table.require_column(column), type=new)
            for of, column, new in columns
            if of == name
        )
        place = site.at(SLUG, table, context, settings=settings)
        tables.append(Wide(site=place, columns=own))
    ordered = group.ordered(tuple(tables))
    return Group(tables=ordered, links=group.links(ordered))


def _of_all(whole: Group) -> Iterator[tuple[str, str]]:
    names = ", ".join(str(name) for name in whole.locked)
    yield (
        f"the switch locks {names} together for some milliseconds; clients that prepared a"
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
            if group.is_wider(kind, "bigint"):
                yield (
                    f"{link.site.name}.{column} stays {kind} and refers to {link.parent}, so a"
                    f" row of {link.site.name} for a key beyond {group.RANGES[kind][1]} fails",
                    f"write ALTER TABLE {link.site.name.sql} ALTER COLUMN {column} TYPE bigint"
                    " in this train, too",
                )


def _of_table(wide: Wide) -> Iterator[tuple[str, str]]:
    name, snapshot = wide.site.name, wide.site.snapshot
    for wider in wide.columns:
        low, high = group.RANGES[wider.column.type]
        yield (
            f"until the contract {name}.{wider.name} takes no value outside {low} to {high},"
            " as before (22003), so that everything can go back",
            "let the new version write such values only after the contract",
        )
    yield (
        f"from the switch on {', '.join(wide.names)} of {name} comes last in the order of"
        " columns, for both versions and permanently: an INSERT or COPY without a list of"
        " columns still fills the former order until the contract, where triggers of the table"
        " do not see that value, and writes into other columns afterwards; SELECT * read by"
        " position gives others",
        "name the columns in both versions before the switch",
    )
    unique = ", ".join(i.name for i in wide.indexes if i.unique)
    if unique:
        yield (
            f"until the contract {unique} is there more than once, on the narrow and on the"
            " wider columns: an INSERT … ON CONFLICT that names a column or a constraint can"
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


def _dynamic(wide: Wide, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
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


def _calls(wide: Wide, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    kinds = {wider.column.type for wider in wide.columns}
    taking = [f for f in snapshot.functions if any(kind in f.arguments for kind in kinds)]
    if taking:
        yield (
            f"these functions take {' or '.join(sorted(kinds))}, and a call with one of the"
            f" columns finds them no more once it is wider:"
            f" {', '.join(dict.fromkeys(str(f.name) for f in taking))}",
            "cast the column in such calls, or add a function that takes the wider type",
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER COLUMN … TYPE to a wider integer, with those that are connected to it."""
    first = _widens(actions[0], snapshot)
    if first is None:
        return None
    wanted, consumed = _together(actions, snapshot, first)
    found = tuple(_sequences(actions, wanted, snapshot))
    operation = WidenInteger(
        columns=tuple((table, column, new) for (table, column), new in wanted.items()),
        sequences=tuple((one.name, new) for _, one, new in found),
        settings=actions[0].statement.settings,
    )
    taken = tuple(sorted({*consumed, *(position for position, _, _ in found)}))
    context = Context(snapshot=snapshot, origin=(actions[0].source,))
    whole = _group(context, operation.columns, operation.settings)
    problems = (*obstacles.found(whole), *train.obstacles(actions, wanted, snapshot))
    if not problems:
        return Match(operation=operation, consumed=taken)
    (table, column), new = next(iter(wanted.items()))
    refusal = refuse.refuse(
        actions[0],
        "integer_cannot_be_widened",
        f"changing {table}.{column} to {new} rewrites the table while reads and writes wait,"
        f" and it cannot be widened beside them: {'; '.join(fact for fact, _ in problems)}",
        "; ".join(dict.fromkeys(remedy for _, remedy in problems)),
    )
    return Refusal(finding=refusal.finding, consumed=taken)


def _widens(action: Action, snapshot: Snapshot) -> tuple[Name, str, str] | None:
    """The table, the column and its new type."""
    fact, said = statements.fact(action, ActionKind.CHANGE_TYPE), action.said
    table = lookup.table_of(snapshot, action)
    if fact is None or table is None or not isinstance(said, ChangeType) or table.created:
        return None
    column = table.column(said.column)
    if column is None or said.collation or action.statement.vouched:
        return None
    new = type_names.canonical(said.type, snapshot, action.statement.settings)
    if not group.is_wider(column.type, new) or not _keeps(said):
        return None
    return table.name, column.name, new


def _keeps(said: ChangeType) -> bool:
    """Whether it has no USING but the column itself."""
    if said.using is None:
        return True
    return expressions.column(expressions.without_cast(said.using)) == said.column


def _together(
    actions: Sequence[Action], snapshot: Snapshot, first: tuple[Name, str, str]
) -> tuple[_Types, list[int]]:
    """The columns of tables that are connected to the first one, as far as nothing else is done
    to these tables before."""
    found = {0: first}
    tables = _connected(first[0], snapshot)
    for position, action in enumerate(actions[1:], 1):
        one = _widens(action, snapshot)
        if one is not None and one[0] in tables:
            found[position] = one
        elif _in_the_way(action, tables):
            break
    taken = _reached(found, snapshot)
    kept = {position: one for position, one in found.items() if one[0] in taken}
    columns = {(table, column): new for table, column, new in kept.values()}
    return columns, list(kept)


def _connected(start: Name, snapshot: Snapshot) -> frozenset[Name]:
    """The tables that foreign keys lead to, in both directions."""
    found, left = set[Name](), [start]
    pairs = _pairs(snapshot)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [other for pair in pairs if name in pair for other in pair]
    return frozenset(found)


def _pairs(snapshot: Snapshot) -> tuple[frozenset[Name], ...]:
    return tuple(
        frozenset({table.name, key.references})
        for table in snapshot.tables
        for key in table.constraints
        if key.references is not None
    )


def _reached(found: dict[int, tuple[Name, str, str]], snapshot: Snapshot) -> frozenset[Name]:
    """The tables of these that are connected with the first one by tables of these alone."""
    names = {one[0] for one in found.values()}
    reached, left = set[Name](), [found[0][0]]
    pairs = [pair for pair in _pairs(snapshot) if pair <= names]
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            left += [other for pair in pairs if name in pair for other in pair]
    return frozenset(reached)


def _in_the_way(action: Action, tables: frozenset[Name]) -> bool:
    """Whether it may have to come before what follows it."""
    if isinstance(action.said, AlterSequence):
        return False
    fact = action.fact
    return not isinstance(fact, Fact) or fact.table is None or fact.table in tables


def _sequences(
    actions: Sequence[Action], wanted: _Types, snapshot: Snapshot
) -> Iterator[tuple[int, Numbers, str]]:
    """ALTER SEQUENCE … AS, and nothing else, of sequences that these columns count by."""
    for position, action in enumerate(actions):
        said = action.said
        if not isinstance(said, AlterSequence) or not said.only_type:
            continue
        names = lookup.Names(snapshot.sequences)
        name = lookup.among(said.sequence, names, snapshot, action.statement.settings)
        for one in snapshot.sequences:
            wider = one.name == name and group.is_wider(one.type, said.type)
            if wider and _counts(one, wanted, snapshot):
                yield position, one, said.type


def _counts(one: Numbers, wanted: _Types, snapshot: Snapshot) -> bool:
    """Whether it belongs to one of the columns, or gives one its default."""
    if (one.owner_table, one.owner_column) in wanted:
        return True
    columns = (snapshot.require_table(t).require_column(c) for t, c in wanted)
    defaults = (column.default for column in columns if column.default is not None)
    return any(sequences.uses(default, one.name) for default in defaults)
