"""Statements that are there for their effects, which zdm does not plan, and what to write
instead."""

from zdm.model.commands import Work, WorkOn
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, ActionKind
from zdm.model.syntax import Read
from zdm.recipes.reading import statements
from zdm.schema.impact import calls

_FIRST_MERGE = 15
_PARTS_OF_MERGE = (
    "INSERT … ON CONFLICT DO UPDATE for the rows that it inserts, UPDATE … FROM and DELETE …"
    " USING for those that it changes or deletes"
)


def may_write(action: Action, snapshot: Snapshot) -> tuple[str, str] | None:
    """A SELECT that is there for what its functions do, or may be."""
    if not isinstance(action.said, Read) or statements.fact(action, ActionKind.SELECT) is None:
        return None
    called = calls.may_write(action, snapshot)
    if not called:
        return None
    return (
        f"this SELECT calls {', '.join(called)}, which may change rows or objects, and zdm does"
        " not know what, nor which version works with it",
        "if both versions work with what it does, put `-- zdm: run in expand -- reason` above"
        " it (`run in contract` if only the new version does); if it only reads, remove it",
    )


def merge(action: Action, snapshot: Snapshot) -> tuple[str, str] | None:
    """MERGE, whose parts can be planned."""
    if not isinstance(action.said, WorkOn) or action.said.work is not Work.MERGE:
        return None
    if snapshot.major < _FIRST_MERGE:
        return (
            f"PostgreSQL {snapshot.major} has no MERGE, so this statement would fail",
            f"write {_PARTS_OF_MERGE}",
        )
    return (
        "MERGE fails where an application inserts a key at the same moment, and its rows cannot"
        " be written in batches",
        f"write {_PARTS_OF_MERGE}; or, if its rows are few and both versions work with them,"
        " put `-- zdm: run in expand -- reason` above it (`run in contract` if only the new"
        " version does)",
    )
