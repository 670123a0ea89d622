"""setval() or RESTART of a sequence in use: it is set forwards, never back.

Applications draw numbers meanwhile. A statement that reads the highest key and sets the
sequence to it may set it behind what they have drawn since, and then keys are drawn twice. So
the step locks the sequence first, by an ALTER SEQUENCE that changes nothing: it waits for every
transaction that has drawn a number, and `nextval` waits for it (manual, ALTER SEQUENCE;
measured 11-18). Then it sets the number, if that is beyond the present one.

A sequence of a table that this train makes is not in use yet, so the statement runs as written.
"""

from collections.abc import Sequence

from msgspec import Struct

from zdm.model.explained import choice
from zdm.model.explained.choice import Choice
from zdm.model.findings import Hazard
from zdm.model.locks import LockMode
from zdm.model.operation import Context, Match, Refusal
from zdm.model.plan import BOTH, Phase, RunSql, Step, TableLock
from zdm.model.schema import Name, Snapshot
from zdm.model.schema import Sequence as Numbers
from zdm.model.sql import literal
from zdm.model.statement import Action, Statement
from zdm.model.syntax import Read
from zdm.recipes import run_sql
from zdm.recipes.reading import few, refuse, sequences, statements
from zdm.recipes.reading.sequences import Set
from zdm.recipes.run_sql import Owned
from zdm.schema.impact import calls

SLUG = "set_sequence"
_BY_HAND = (
    "name the sequence and its number by constants, or take the number from max() of one whole"
    " table; or, if both versions work with what it does, put `-- zdm: run in expand -- reason`"
    " above it"
)


class SetSequence(Struct, frozen=True, kw_only=True):
    """Set them. `new`: all are of tables that this train makes; `reads`: tables in use that it
    reads, with `locks` on them; `small`: those of which it reads all rows."""

    sets: tuple[tuple[Numbers, str], ...]  # with the query that gives number and whether used
    statement: Statement
    new: bool
    locks: tuple[TableLock, ...]
    reads: tuple[Name, ...] = ()
    small: tuple[Name, ...] = ()

    @property
    def slug(self) -> str:
        """The module's name."""
        return SLUG

    @property
    def title(self) -> str:
        """One line for a person."""
        return f"set {', '.join(str(one.name) for one, _ in self.sets)} forwards"

    def hazards(self, context: Context) -> tuple[Hazard, ...]:
        """Keys that are drawn before it."""
        del context
        behind = [one for one, _ in self.sets if one.owner_table in self.reads]
        return tuple(
            Hazard(
                operation=SLUG,
                message=f"until this step, {one.name} may give an application a key that rows"
                f" of {one.owner_table} already have, if statements before it insert these;"
                " that write fails",
                remedy="put a setval() with the number written out above those statements",
            )
            for one in behind
        )

    def choice(self, context: Context) -> Choice:
        """Forwards only, unless nothing draws from it yet."""
        del context
        return choice.of(
            choice.way(
                "as_written",
                "run it as written",
                self.new,
                because="this train makes the table, so nothing draws from the sequence yet",
                unless="applications draw from the sequence meanwhile",
            ),
            choice.way(
                "forwards",
                "set it under a lock, and only forwards",
                not self.new,
                because="a number that was drawn already would be drawn twice",
                unless="nothing draws from it yet",
            ),
        )

    def recipe(self, context: Context) -> tuple[Step, ...]:
        """The author's statement, or one step for each sequence."""
        owner = Owned(operation=SLUG, origin=context.origin)
        if not self.new:
            return tuple(self._forwards(owner, *one) for one in self.sets)
        step = run_sql.as_authored(
            owner,
            self.statement,
            id=f"{self.sets[0][0].name}-set",
            title=self.title,
            locks=self.locks,
            preconditions=few.still_small(self.small),
            probe="",  # only the journal shows it
            undo=(),
            reason="This train makes the table, so the sequence is not in use yet.",
        )
        return (step,)

    def _forwards(self, owner: Owned, sequence: Numbers, query: str) -> RunSql:
        name, by = sequence.name.sql, sequence.increment
        later = ">" if by > 0 else "<"
        return run_sql.short_transaction(
            owner,
            id=f"{sequence.name}-set",
            phase=Phase.EXPAND,
            title=f"set {sequence.name} forwards",
            sql=(
                f"ALTER SEQUENCE {name} AS {sequence.type}",
                f"SELECT pg_catalog.setval({literal(name)}, zdm_new.zdm_value,"  # noqa: S608  quoted
                f" zdm_new.zdm_called) FROM ({query}) AS zdm_new, {name} AS zdm_now"
                f" WHERE zdm_new.zdm_value::numeric + CASE WHEN zdm_new.zdm_called THEN {by}"
                f" ELSE 0 END {later} zdm_now.last_value::numeric + CASE WHEN zdm_now.is_called"
                f" THEN {by} ELSE 0 END",
            ),
            locks=_with(self.locks, sequence),
            settings=self.statement.settings,
            preconditions=few.still_small(self.small),
            probe="",  # only the journal shows it; a second time it changes nothing
            undo=(),  # what is skipped does no harm
            serves=BOTH,
            reason="ALTER SEQUENCE changes nothing: it locks the sequence until the number is"
            " set, so that none is drawn in between. A number behind the present one is left"
            " out, since keys would be drawn twice.",
        )


def recognise(actions: Sequence[Action], snapshot: Snapshot) -> Match | Refusal | None:
    """setval() in a SELECT, ALTER SEQUENCE … RESTART, ALTER COLUMN … RESTART."""
    action = actions[0]
    if not sequences.is_set_by(action):
        return None
    found = sequences.of(action, snapshot)
    missing = next((one.name for one in found if one.sequence is None), None)
    if missing is not None:
        return refuse.refuse(
            action,
            "unknown_sequence",
            f"there is no sequence {missing} in the schema, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    others = [name for name in calls.may_write(action, snapshot) if name != "setval"]
    known = [(s.sequence, s.move.query) for s in found if s.sequence is not None]
    if not known or others:
        return refuse.refuse(
            action,
            "sequence_cannot_be_set",
            "zdm cannot read from this statement which sequence is set, and to which number;"
            " it may set one back to numbers that are drawn already",
            _BY_HAND,
        )
    new = all(_is_new(one, snapshot) for one, _ in known)
    problem = (None if new else _back(action, found)) or _slow(found, action, snapshot)
    if problem is not None:
        return problem
    reads = tuple(n for n in sequences.read(action, snapshot) if _in_use(n, snapshot))
    operation = SetSequence(
        sets=tuple(known),
        statement=action.statement,
        new=new,
        locks=statements.of_author(snapshot, action) if isinstance(action.said, Read) else (),
        reads=reads,
        small=() if _by_index(found, action, snapshot) else reads,
    )
    return Match(operation=operation, consumed=(0,))


def _is_new(sequence: Numbers, snapshot: Snapshot) -> bool:
    """Whether the train makes the table that owns it."""
    return sequence.owner_table is not None and not _in_use(sequence.owner_table, snapshot)


def _in_use(name: Name, snapshot: Snapshot) -> bool:
    table = snapshot.table(name)
    return table is not None and not table.created


def _by_index(found: Sequence[Set], action: Action, snapshot: Snapshot) -> bool:
    return all(sequences.by_index(one, action, snapshot) for one in found)


def _back(action: Action, found: Sequence[Set]) -> Refusal | None:
    """A number from which the sequence begins, or one before it."""
    for one in found:
        sequence, number = one.sequence, one.move.number
        if sequence is None or (one.move.query and number is None):
            continue
        if number is not None and not sequence.minimum <= number <= sequence.maximum:
            return refuse.refuse(
                action,
                "sequence_out_of_range",
                f"{number} is not between {sequence.minimum} and {sequence.maximum}, the bounds"
                f" of {sequence.name}, so this statement would fail",
                "correct the number",
            )
        up = sequence.increment > 0
        begins = sequence.start if number is None else number
        if begins <= sequence.start if up else begins >= sequence.start:
            return refuse.refuse(
                action,
                "sequence_set_back",
                f"this sets {sequence.name} back to {begins}, so an application draws keys"
                " again that rows may have, and its writes fail",
                "set it to a number beyond all keys; or, if no row has such a key, put"
                " `-- zdm: run in contract -- reason` above it",
            )
    return None


def _slow(found: Sequence[Set], action: Action, snapshot: Snapshot) -> Refusal | None:
    """Rows that it reads while others wait for numbers."""
    if _by_index(found, action, snapshot) or few.reads_little(action, snapshot):
        return None
    named = ", ".join(str(name) for name in sequences.read(action, snapshot))
    return refuse.refuse(
        action,
        "sequence_reads_rows",
        f"this reads rows of {named}, which are not known to be few, and applications wait for"
        " numbers meanwhile",
        "write the number out; or take it from max() of a column that is the first of an index",
    )


def _with(read: Sequence[TableLock], sequence: Numbers) -> tuple[TableLock, ...]:
    """With the lock on a sequence, which counts for the table that owns it."""
    table, mode = sequence.owner_table or sequence.name, LockMode.SHARE_ROW_EXCLUSIVE
    others = [lock for lock in read if lock.table != table]
    return tuple(sorted([*others, TableLock(table=table, mode=mode)]))
