"""TRUNCATE, which deletes every row, also those that the applications write before it runs.

It takes ACCESS EXCLUSIVE on each table, with CASCADE on all that refer to them, too, and
deletes their rows (manual, TRUNCATE; measured 11-18).
"""

from zdm.model.commands import Work, WorkOn
from zdm.model.locks import LockMode
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.statement import Action
from zdm.schema import lookup
from zdm.schema.impact import of as impact


def reached(action: Action, snapshot: Snapshot) -> tuple[Table, ...]:
    """The tables whose rows it deletes, with those that CASCADE takes along."""
    touches = impact.statement([action], snapshot).touches
    found = (snapshot.table(t.relation) for t in touches if t.lock is _WHOLE)
    return tuple(dict.fromkeys(table for table in found if table is not None))


_WHOLE = LockMode.ACCESS_EXCLUSIVE


def problem(action: Action, snapshot: Snapshot) -> tuple[str, str] | None:
    """Why a TRUNCATE is refused, and the remedy."""
    said = action.said
    if not isinstance(said, WorkOn) or said.work is not Work.TRUNCATE:
        return None
    settings = action.statement.settings
    named = [lookup.found(relation, snapshot, settings) for relation in said.relations]
    missing = next((name for name in named if snapshot.table(name) is None), None)
    if missing is not None:
        return (
            f"there is no table {missing} in the schema, so this statement would fail",
            "correct the name, or make a new snapshot of the database",
        )
    tables = reached(action, snapshot)
    used = [table.name for table in tables if not table.created]
    if not used:
        return (
            f"this train makes {_listed(named)}, and zdm plans TRUNCATE of one new table only",
            "write one DELETE for each table, those that refer to others first",
        )
    return _of_used(used, [name for name in used if name not in named])


def _of_used(used: list[Name], along: list[Name]) -> tuple[str, str]:
    cascade = f"; CASCADE takes {_listed(along)} along" if along else ""
    first = "name the tables that are meant instead of CASCADE; then " if along else ""
    return (
        f"TRUNCATE deletes every row of {_listed(used)}, also those that the applications write"
        f" before it runs, and blocks reads and writes of them{cascade}",
        f"{first}delete the rows that are meant with DELETE, by a WHERE; or, if every row may"
        " go, also those that the new version has written, put `-- zdm: run in contract --"
        " reason` above it",
    )


def _listed(names: list[Name]) -> str:
    return ", ".join(map(str, names))
