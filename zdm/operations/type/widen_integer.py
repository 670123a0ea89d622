"""ALTER COLUMN … TYPE of integers to wider ones, of keys with all that refers to them.

As written it rewrites the table and its indexes under ACCESS EXCLUSIVE (manual, ALTER TABLE,
Notes; measured 11-18), and each referencing table with it. Both versions read every value of
the narrow type alike, so the name can stay: a wider column follows the narrow one by a trigger,
is filled in batches and gets the same indexes and constraints; then the two exchange their
names in one transaction (the switch). Until the contract the narrow column follows, so values
that it cannot hold are refused as before, and everything can go back.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model.commands import AlterSequence
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Phase, RunSql, Step, TableLock
from zdm.model.schema import Name, Snapshot
from zdm.model.schema import Sequence as Numbers
from zdm.model.statement import Action, ActionKind, Setting
from zdm.model.syntax import ChangeType
from zdm.parse import emit, expressions
from zdm.parse.emit import Qualified
from zdm.recipes import run_sql
from zdm.recipes.reading import refuse, statements
from zdm.recipes.sql import probes
from zdm.recipes.type import shared_types
from zdm.recipes.widening import connected, group, hazards, obstacles, steps, train, ways
from zdm.recipes.widening.group import Group
from zdm.schema import lookup, sequences, type_names

SLUG = "widen_integer"
_Types = dict[tuple[Name, str], str]


class WidenInteger(Struct, frozen=True, kw_only=True):
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
        lines = hazards.found(whole, self._numbers(context.snapshot))
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

    def choice(self, context: Context) -> Choice:
        """A column beside it takes its name."""
        return ways.switch_of_names(self.columns, context.snapshot)

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """Beside, filled, built, switched, and ended after the rollout."""
        whole = self._group(context)
        return (
            *(self._as(context, name, new) for name, new in self.sequences),
            *steps.of(whole),
        )

    def _group(self, context: Context) -> Group:
        return group.of(SLUG, context, self.columns, self.settings)

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


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER COLUMN … TYPE to a wider integer, with those that are connected to it."""
    first = _widens(actions[0], snapshot)
    if first is None:
        return None
    wanted, consumed = connected.together(actions, snapshot, first, _widens)
    found = tuple(_sequences(actions, wanted, snapshot))
    operation = WidenInteger(
        columns=tuple((table, column, new) for (table, column), new in wanted.items()),
        sequences=tuple((one.name, new) for _, one, new in found),
        settings=actions[0].statement.settings,
    )
    taken = tuple(sorted({*consumed, *(position for position, _, _ in found)}))
    context = Context(snapshot=snapshot, origin=(actions[0].source,))
    whole = group.of(SLUG, context, operation.columns, operation.settings)
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
    if not shared_types.is_wider(column.type, new) or not _keeps(said):
        return None
    return table.name, column.name, new


def _keeps(said: ChangeType) -> bool:
    """Whether it has no USING but the column itself."""
    if said.using is None:
        return True
    return expressions.column(expressions.without_cast(said.using)) == said.column


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
            wider = one.name == name and shared_types.is_wider(one.type, said.options.type)
            if wider and _counts(one, wanted, snapshot):
                yield position, one, said.options.type


def _counts(one: Numbers, wanted: _Types, snapshot: Snapshot) -> bool:
    """Whether it belongs to one of the columns, or gives one its default."""
    if (one.owner_table, one.owner_column) in wanted:
        return True
    columns = (snapshot.require_table(t).require_column(c) for t, c in wanted)
    defaults = (column.default for column in columns if column.default is not None)
    return any(sequences.uses(default, one.name) for default in defaults)
