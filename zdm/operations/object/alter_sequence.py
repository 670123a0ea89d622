"""ALTER SEQUENCE of options and owner, also of an identity column; RESTART is `set_sequence`.

It takes SHARE ROW EXCLUSIVE on the sequence for milliseconds: it waits for every transaction
that has drawn a number, and `nextval` waits for it; a session uses up the numbers that it has
cached (manual, ALTER SEQUENCE; measured 14, 18). ALTER TABLE … ALTER COLUMN … SET INCREMENT
takes ACCESS EXCLUSIVE on the table besides, so the plan says ALTER SEQUENCE.

Numbers that are further apart, wider bounds, and CYCLE hurt no version, so they come in
EXPAND; the opposite comes when the old version is gone. A version may use the numbers up to the
next one without asking, as an ORM with a block of keys does: so, before the numbers get closer,
one more is drawn under the same lock, and the keys of the last block are not given again.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from zdm.model import commands
from zdm.model.catalog.indexed import named
from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, NEW_ONLY, Check, Irreversible, Phase, Step, TableLock
from zdm.model.schema import Sequence as Numbers
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, Fact
from zdm.recipes import run_sql
from zdm.recipes.object import numbering
from zdm.recipes.reading import refuse
from zdm.recipes.run_sql import Owned
from zdm.recipes.sql import probes
from zdm.schema import lookup, sequences
from zdm.schema.effects import objects

SLUG = "alter_sequence"
_Problem = tuple[str, str]


class AlterSequence(Struct, frozen=True, kw_only=True):
    """Lead a sequence from `former` to `new`; `unused`: this train makes it."""

    former: Numbers
    new: Numbers
    late: bool
    unused: bool

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        changed = numbering.changes(self.former, self.new)
        words = ", ".join(f"{key} {old} to {new}" for key, (old, new) in changed.items())
        return f"alter sequence {self.former.name}: {words or 'nothing changes'}".lower()

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """What the versions meet."""
        return tuple(
            Hazard(operation=SLUG, message=message, remedy=remedy, origin=context.origin)
            for message, remedy in (() if self.unused else self._risks(context.snapshot))
        )

    def _risks(self, snapshot: Snapshot) -> Iterator[_Problem]:
        former, new = self.former, self.new
        if self._closer:
            yield (
                f"until the contract {former.name} gives numbers that are"
                f" {abs(former.increment)} apart; then they are {abs(new.increment)} apart",
                f"let the new version use no more than {abs(new.increment)} keys for each"
                " number, from its start",
            )
        if new.cache > former.cache:
            yield (
                f"from then on each session takes {new.cache} numbers of {former.name} at once,"
                " so rows no longer get them in the order in which they are written",
                "let no version read new rows by `id > last seen`",
            )
        if new.cycle and not former.cycle and _is_unique(former, snapshot):
            yield (
                f"after {new.maximum} {former.name} begins again, and a write fails if a row"
                f" has that {former.owner_column} of {former.owner_table}",
                "delete old rows before that",
            )
        if self.late and _narrower(former, new):
            yield (
                f"from the contract on {former.name} gives only {new.minimum} to {new.maximum}",
                "compare last_value of the sequence with these bounds",
            )

    @property
    def _closer(self) -> bool:
        return abs(self.new.increment) < abs(self.former.increment)

    def choice(self, context: Context) -> Choice:
        """More numbers at once, fewer when nobody needs them."""
        del context
        if not numbering.changes(self.former, self.new):
            return choice.nothing("the sequence has these options already")
        return choice.by_version(
            "change the catalog alone",
            late=self.late,
            early="both versions work with the numbers that it gives from then on",
            after="the old version may need the numbers as they were",
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """One step; none where nothing changes."""
        if not numbering.changes(self.former, self.new):
            return ()
        change = numbering.alter(self.former, self.new)
        return (
            run_sql.short_transaction(
                Owned(operation=SLUG, origin=context.origin),
                id=f"{self.former.name}-alter",
                phase=Phase.CONTRACT if self.late else Phase.EXPAND,
                title=self.title,
                sql=(*_apart(self.former), change) if self._closer else (change,),
                locks=tuple(self._locks(context.snapshot)),
                preconditions=tuple(self._checks()),
                probe=probes.probe(numbering.done(self.former, self.new)),
                undo=self._undo(),
                undo_checks=tuple(self._undo_checks()),
                serves=NEW_ONLY if self.late else BOTH,
                reason="No running version needs the former numbers."
                if self.late
                else "Both versions work with the numbers that it gives from now on.",
            ),
        )

    def _locks(self, snapshot: Snapshot) -> Iterator[TableLock]:
        """A lock on a sequence counts for the table that owns it."""
        if self.unused:
            return
        found = {self.former.owner_table or self.former.name: LockMode.SHARE_ROW_EXCLUSIVE}
        owner = self.new.owner_table
        table = None if owner is None else snapshot.table(owner)
        if table is not None and not table.created:
            found.setdefault(table.name, LockMode.SHARE_ROW_EXCLUSIVE)
        yield from sorted(TableLock(table=name, mode=mode) for name, mode in found.items())

    def _checks(self) -> Iterator[Check]:
        changed = numbering.changes(self.former, self.new)
        if not self.unused and _narrower(self.former, self.new):
            yield numbering.within(self.new, "choose bounds that include it")
        if numbering.OWNER in changed:
            yield from numbering.same_owner(self.new)

    def _undo(self) -> tuple[str, ...] | Irreversible:
        if self.late:
            return Irreversible(
                reason="a rollback starts the old version first, and it may need the numbers as"
                " they were"
            )
        if self.unused:
            return ()
        back = numbering.alter(self.new, self.former)
        further = abs(self.new.increment) > abs(self.former.increment)
        return (*_apart(self.new, self.former), back) if further else (back,)

    def _undo_checks(self) -> Iterator[Check]:
        if not self.late and not self.unused and _narrower(self.new, self.former):
            yield numbering.within(
                self.former, "set it to a number within them by setval(), if no row needs that"
            )


def _apart(counts: Numbers, held: Numbers | None = None) -> tuple[str, str]:
    """Draw one more number in the former distance, while no other session draws one."""
    return numbering.hold(held or counts), numbering.draw(counts)


def _narrower(one: Numbers, new: Numbers) -> bool:
    return new.minimum > one.minimum or new.maximum < one.maximum


def _is_unique(one: Numbers, snapshot: Snapshot) -> bool:
    table = snapshot.table(one.owner_table) if one.owner_table is not None else None
    return table is not None and any(
        index.unique and index.keys == (one.owner_column,) for index in table.indexes
    )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """ALTER SEQUENCE of a sequence that is there, or SET of its options as an identity's."""
    action = actions[0]
    said = objects.altering(action, snapshot)
    if said is None or not isinstance(action.fact, Fact):
        return None
    names = lookup.Names(snapshot.sequences)
    name = lookup.among(said.sequence, names, snapshot, action.statement.settings)
    found = named(snapshot.sequences, name)
    if not found and snapshot.opaque:
        return None
    if not found:
        return refuse.refuse(
            action,
            "unknown_sequence",
            f"there is no sequence {name} in the schema, so this statement would"
            f" {'do nothing' if said.if_exists else 'fail'}",
            "correct the name, or make a new snapshot of the database",
        )
    former = found[0]
    new = objects.changed_sequence(former, said, snapshot, action)
    unused = _is_unused(former, snapshot)
    problem = _problem(former, new, said, unused=unused)
    if problem is not None or new is None:
        fact, remedy = problem or ("", "")
        return refuse.refuse(action, "sequence_cannot_be_altered", fact, remedy)
    late = not unused and any(_late(former, new))
    return Match(
        operation=AlterSequence(former=former, new=new, late=late, unused=unused),
        consumed=(0,),
    )


def _is_unused(one: Numbers, snapshot: Snapshot) -> bool:
    """Whether this train makes it, or the table that owns it."""
    table = snapshot.table(one.owner_table) if one.owner_table is not None else None
    return one.created or (table is not None and table.created)


def _early(former: Numbers, new: Numbers) -> Iterator[bool]:
    """What the new version may need from its start."""
    yield abs(new.increment) > abs(former.increment)
    yield _narrower(new, former)
    yield new.cycle and not former.cycle
    yield former.owner_table is None and new.owner_table is not None


def _late(former: Numbers, new: Numbers) -> Iterator[bool]:
    """What the old version may need until its end."""
    yield abs(new.increment) < abs(former.increment)
    yield _narrower(former, new)
    yield former.cycle and not new.cycle
    yield former.owner_table is not None and numbering.OWNER in numbering.changes(former, new)


def _problem(
    former: Numbers, new: Numbers | None, said: commands.AlterSequence, *, unused: bool
) -> _Problem | None:
    if new is None:
        return _refused(former, said)
    if said.restarts:
        return (
            "RESTART beside other options sets the numbers and how they are counted at once,"
            " which zdm plans in different steps",
            "write ALTER SEQUENCE … RESTART as a statement of its own",
        )
    if unused:
        return None
    if (former.increment > 0) != (new.increment > 0):
        return (
            f"{former.name} would count back through numbers that it has given, so keys are"
            " drawn twice and writes fail",
            "make a new sequence for the new direction; or, if no row has those numbers, put"
            " `-- zdm: run in contract -- reason` above it",
        )
    if any(_early(former, new)) and any(_late(former, new)):
        return (
            f"some of these options of {former.name} are for before the rollout and some for"
            " after it, when no old instance needs the former ones",
            "write two statements, one of what grows (INCREMENT, bounds, CYCLE), one of what"
            " shrinks",
        )
    return None


def _refused(former: Numbers, said: commands.AlterSequence) -> _Problem:
    """What the server says."""
    wrong = sequences.problem(sequences.altered(former, said.options))
    if wrong:
        return f"{wrong}, so this statement would fail", "correct the numbers"
    if former.identity:
        return (
            f"{former.name} belongs to an identity column and to no other, so OWNED BY fails",
            "remove OWNED BY",
        )
    return (
        f"{'.'.join(said.owner)} is no column of a table in the schema of {former.name}, so"
        " OWNED BY fails",
        "name a column of a table in the same schema",
    )
