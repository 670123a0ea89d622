"""What else happens to a table whose rows zdm writes: a plain RENAME or ADD COLUMN writes none.

An UPDATE in batches fires the triggers and rules of others, as the author's own UPDATE would.
A published table whose rows the subscriber cannot identify takes no UPDATE at all.
"""

from collections.abc import Mapping

from zdm.model.schema import Snapshot, Table, Trigger
from zdm.model.sql import TRIGGER_PREFIX, ident
from zdm.parse import expressions
from zdm.parse.libpg_query import NotSqlError
from zdm.parse.readers import fired
from zdm.schema import family, replication, routines

Line = tuple[str, str]  # fact and remedy
_EACH, _BATCH = "each row", "each batch"
_ACCEPT = "check that the audit rows, notifications and changed timestamps are acceptable"


def hazards(table: Table, *columns: str) -> tuple[Line, ...]:
    """Triggers and rules that fire when these columns are filled, by name."""
    found = [_fires(trigger, columns) for trigger in table.triggers]
    per_row = [t.name for t, how in zip(table.triggers, found, strict=True) if how == _EACH]
    per_batch = [t.name for t, how in zip(table.triggers, found, strict=True) if how == _BATCH]
    rules = [rule.name for rule in map(fired.rule, table.rules) if rule.on_update]
    lines = (
        (per_row, f"triggers of {table.name} fire for every row that is filled"),
        (per_batch, f"triggers of {table.name} fire for every batch that is filled"),
        (rules, f"rules of {table.name} apply to every batch that is filled"),
    )
    return tuple((f"{fact}: {', '.join(names)}", _ACCEPT) for names, fact in lines if names)


def written_meanwhile(table: Table, *columns: str) -> tuple[Line, ...]:
    """The triggers of UPDATE OF that do not see what a trigger of zdm's sets: these fire where
    a statement names one of their columns, whatever another trigger changes (manual, CREATE
    TRIGGER; measured 14, 18)."""
    found = [
        t.name
        for t in table.triggers
        if set(fired.trigger(t.definition).columns) & {*columns} and _fires(t, columns)
    ]
    named = ", ".join(columns)
    fact = (
        f"until {named} of {table.name} is filled, a trigger of zdm's sets it in rows that an"
        f" application writes, and for these no trigger of UPDATE OF fires: {', '.join(found)}"
    )
    remedy = "let them fire for every INSERT and UPDATE in an earlier release, without OF"
    return ((fact, remedy),) if found else ()


def _fires(trigger: Trigger, columns: tuple[str, ...]) -> str:
    """Each row, each batch, or nothing. One of UPDATE OF fires for columns that are SET."""
    if trigger.enabled not in ("O", "A"):
        return ""
    text = fired.trigger(trigger.definition)
    if not text.on_update or (text.columns and not set(text.columns) & set(columns)):
        return ""
    return _EACH if text.per_row else _BATCH


def obstacle(table: Table, snapshot: Snapshot) -> Line | None:
    """Why the rows of the table cannot be filled, and the remedy."""
    return _children(table, snapshot) or refused(table, snapshot) or _behind(table)


def overwritten(table: Table, values: Mapping[str, str], snapshot: Snapshot) -> Line | None:
    """A trigger that sets one of these columns in every UPDATE, also in the author's, to
    something else than that does."""
    for trigger in table.triggers:
        text = fired.trigger(trigger.definition)
        if not (text.before and text.always and _fires(trigger, tuple(values)) == _EACH):
            continue
        function = next((f for f in snapshot.functions if f.name == trigger.function), None)
        for column, expression in routines.always_set(function).items() if function else ():
            if column in values and not _same(expression, values[column]):
                return (
                    f"the trigger {trigger.name} of {table.name} sets {column} to"
                    f" `{expression}` in every UPDATE, so this one would leave that instead of"
                    " its own value",
                    f"let {trigger.function} leave {column} alone where the UPDATE sets it, in"
                    f" an earlier release: IF NEW.{ident(column)} IS NOT DISTINCT FROM"
                    f" OLD.{ident(column)} THEN … END IF",
                )
    return None


def _same(expression: str, value: str) -> bool:
    """Whether the trigger sets what the fill does."""
    try:
        return expressions.bare(expressions.read(expression)) == value
    except NotSqlError:
        return False


def refused(table: Table, snapshot: Snapshot) -> Line | None:
    """Why no UPDATE sets anything in the table, and the remedy."""
    return _replaced(table) or _unidentified(table, snapshot)


def _children(table: Table, snapshot: Snapshot) -> Line | None:
    heirs = [t for t in family.children(snapshot, table.name) if t.partition_of is None]
    if not heirs:
        return None
    named = ", ".join(str(t.name) for t in heirs)
    return (
        f"{named} inherits from {table.name}, and a trigger on {table.name} does not fire for"
        f" the rows of {named}, so these could not be kept filled while both versions write",
        "if it can run at once when the old version is gone, put"
        " `-- zdm: run in contract -- reason` above it",
    )


def _replaced(table: Table) -> Line | None:
    for rule in map(fired.rule, table.rules):
        if rule.on_update and rule.replaces:
            return (
                f"the rule {rule.name} of {table.name} is done instead of every UPDATE, so its"
                " rows cannot be filled",
                f"drop the rule in an earlier release: DROP RULE {ident(rule.name)} ON"
                f" {table.name.sql}",
            )
    return None


def _behind(table: Table) -> Line | None:
    """Triggers of an event fire in the order of their names (manual, chapter 39.1)."""
    for trigger in table.triggers:
        last = trigger.name.encode() > TRIGGER_PREFIX.encode() and trigger.enabled != "D"
        if last and fired.trigger(trigger.definition).before:
            name = trigger.name.lstrip("z_") or "t"
            return (
                f"the trigger {trigger.name} of {table.name} sorts behind zdm's own, so it"
                " fires last, and what it changes would not reach the other column",
                f"rename it in an earlier release: ALTER TRIGGER {ident(trigger.name)} ON"
                f" {table.name.sql} RENAME TO {ident(name)}",
            )
    return None


def _unidentified(table: Table, snapshot: Snapshot) -> Line | None:
    if replication.takes_updates(table, snapshot):
        return _uncovered(table, snapshot)
    named = replication.publishers(table, snapshot)
    return (
        f"{table.name} is published by {', '.join(named)} and has no replica identity, so"
        " PostgreSQL refuses every UPDATE of it",
        f"give it a primary key, or run `ALTER TABLE {table.name.sql} REPLICA IDENTITY FULL`"
        " in an earlier release",
    )


def _uncovered(table: Table, snapshot: Snapshot) -> Line | None:
    named = replication.uncovered(table, snapshot)
    if not named:
        return None
    return (
        f"the column list or row filter of {table.name} in {', '.join(named)} does not fit its"
        " replica identity, so PostgreSQL refuses every UPDATE of it",
        f"in an earlier release name every column of its replica identity in the list, and no"
        f" other in the filter: ALTER PUBLICATION {named[0]} SET TABLE …",
    )
