"""What a DELETE of the author says, and what else happens to a table whose rows are deleted.

A DELETE fires the triggers and rules of others, and the foreign keys that refer to the table
refuse it or act on rows of other tables.
"""

from msgspec import Struct

from zdm.model.commands import Work, WorkOn
from zdm.model.expression import Expression, Feature
from zdm.model.schema import Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind
from zdm.parse import expressions, mentioned
from zdm.parse.readers import fired
from zdm.parse.rows import row_condition
from zdm.recipes.reading import statements
from zdm.schema import replication, routines
from zdm.schema.impact import cascades
from zdm.schema.impact.cascades import Reached

Line = tuple[str, str]  # fact and remedy
_OF_ITS_ROW_ALONE = frozenset({Feature.SUBQUERY, Feature.PARAMETER, Feature.WINDOW})
_DOES = {  # what a foreign key does to the rows that refer to a deleted one
    "CASCADE": "are deleted with them",
    "SET NULL": "lose their reference",
    "SET DEFAULT": "get the default reference",
}


class Delete(Struct, frozen=True, kw_only=True):
    """A DELETE of one table. `where`: the condition of a row, other tables in subqueries; None
    where it has none. `simple`: no USING, WITH or subquery, so that each row decides for
    itself; `alone`: no USING, WITH or RETURNING; `only`: it leaves out the children; `early`:
    a later statement needs the rows gone before the rollout."""

    table: Name
    where: Expression | None
    simple: bool
    alone: bool
    only: bool
    every_row: bool
    early: bool = False

    @property
    def at_once(self) -> str:
        """What lets any DELETE run, as written."""
        if self.early:
            return (
                "if it can run at once in a quiet hour, and the old version works without the"
                " rows, put `-- zdm: run in expand -- reason` above it"
            )
        return (
            "if it can run at once when the old version is gone, put"
            " `-- zdm: run in contract -- reason` above it"
        )


def read(action: Action) -> Delete | None:
    """The DELETE, if the Action is one."""
    fact = statements.fact(action, ActionKind.DELETE)
    said = action.said
    if fact is None or fact.table is None or not isinstance(said, WorkOn):
        return None
    if said.work is not Work.DELETE:
        return None
    simple = said.plain and not said.features & _OF_ITS_ROW_ALONE
    return Delete(
        table=fact.table,
        where=said.where if simple else row_condition.read(action),
        simple=simple,
        alone=said.plain,
        only=said.relations[0].only,
        every_row=said.where is None,
    )


def columns(delete: Delete, action: Action, table: Table) -> frozenset[str]:
    """The columns by which it may select rows."""
    if mentioned.every_column(action) or mentioned.whole_rows(action):
        return frozenset(column.name for column in table.columns)
    return frozenset(expressions.columns(delete.where)) if delete.where else frozenset()


def acting(table: Table, snapshot: Snapshot) -> tuple[Reached, ...]:
    """Rows that foreign keys delete or change with those of the table, at all depths."""
    return tuple(one for one in cascades.reached(table, snapshot) if one.action)


def refusing(table: Table, snapshot: Snapshot) -> tuple[Reached, ...]:
    """Rows whose foreign key refuses to delete, or to change, the row to which they refer."""
    return tuple(one for one in cascades.reached(table, snapshot) if not one.action)


def does(one: Reached) -> str:
    """What happens to rows of which a key acts."""
    if one.how is not None and one.action == "CASCADE":
        return "are changed with them"
    return _DOES[one.action]


def _done(one: Reached) -> str:
    return "deleted" if one.how is None else "changed"


def hazards(table: Table, snapshot: Snapshot) -> tuple[Line, ...]:
    """What others do when rows are deleted."""
    lines = [
        (
            f"rows of {one.table.name} that refer to the {_done(one)} rows of {one.of.name}"
            f" {does(one)}",
            f"count them first, and make sure that both versions understand {one.table.name}"
            " then",
        )
        for one in acting(table, snapshot)
    ]
    lines += [
        (
            f"a row of {one.table.name} that refers to a row to be {_done(one)} makes the step"
            " fail",
            f"delete or change such rows of {one.table.name} first, in the same train or"
            " before",
        )
        for one in refusing(table, snapshot)
    ]
    gone = [table, *(one.table for one in acting(table, snapshot) if one.changed is None)]
    lines += [
        (
            f"triggers and rules of {one.name} apply when rows are deleted: {', '.join(names)}",
            "check that the audit rows, notifications and changes are acceptable",
        )
        for one in gone
        if (names := _on_delete(one))
    ]
    return tuple(dict.fromkeys(lines))


def _on_delete(table: Table) -> tuple[str, ...]:
    """Its triggers and rules that are done when a row is deleted."""
    texts = [(t.name, fired.trigger(t.definition)) for t in table.triggers if t.enabled != "D"]
    rules = (rule.name for rule in map(fired.rule, table.rules) if rule.on_delete)
    return (*(name for name, text in texts if text.on_delete), *rules)


def decided(table: Name, sources: tuple[Name, ...], *, batches: bool) -> tuple[Line, ...]:
    """What it means that rows of other tables decide which ones are deleted."""
    named = ", ".join(map(str, sources))
    cost = (
        f"; without an index for the comparison, each batch reads all of {named}"
        if batches
        else ""
    )
    line = (
        f"the rows of {named} decide which rows of {table} are deleted, as they are when the"
        f" step runs{cost}",
        "make sure that no version writes rows for which that is wrong"
        + (", and that the compared columns have an index" if batches else ""),
    )
    return (line,) if sources else ()


def keeping(table: Table, snapshot: Snapshot) -> str:
    """That a trigger of the table may keep a row from being deleted; else nothing."""
    for trigger in table.triggers:
        if trigger.enabled != "D" and fired.trigger(trigger.definition).keeps:
            found = (f for f in snapshot.functions if f.name == trigger.function)
            if any(map(routines.may_keep, found)):
                return (
                    f"the trigger {trigger.name} of {table.name} may keep a row from being"
                    " deleted (its function returns NULL, as for soft deletes), and batches"
                    " would select it again and again"
                )
    return ""


def obstacle(table: Table, snapshot: Snapshot) -> Line | None:
    """Why no row of the table can be deleted, and the remedy."""
    for rule in map(fired.rule, table.rules):
        if rule.on_delete and rule.replaces:
            return (
                f"the rule {rule.name} of {table.name} is done instead of every DELETE, so its"
                " rows cannot be deleted",
                f"drop the rule in an earlier release: DROP RULE {ident(rule.name)} ON"
                f" {table.name.sql}",
            )
    named = replication.publishers(table, snapshot, replication.DELETE)
    if named and not replication.has_identity(table, snapshot):
        return (
            f"{table.name} is published by {', '.join(named)} and has no replica identity, so"
            " PostgreSQL refuses every DELETE",
            f"give it a primary key, or run `ALTER TABLE {table.name.sql} REPLICA IDENTITY"
            " FULL` in an earlier release",
        )
    named = replication.uncovered(table, snapshot, replication.DELETE)
    if named:
        return (
            f"the column list or row filter of {table.name} in {', '.join(named)} does not fit"
            " its replica identity, so PostgreSQL refuses every DELETE",
            f"in an earlier release name every column of its replica identity in the list, and"
            f" no other in the filter: ALTER PUBLICATION {named[0]} SET TABLE …",
        )
    return None


def is_key(column: str, table: Table) -> bool:
    """Whether no two rows have the same value of it."""
    found = table.column(column)
    return (found is not None and found.not_null) and any(
        index.keys == (column,) and index.unique and index.valid and index.predicate is None
        for index in table.indexes
    )


def of_every_row(delete: Delete) -> tuple[str, str]:
    """Why all rows of a table are refused, and the remedy."""
    return (
        f"this DELETE selects every row of {delete.table}, also those that the applications"
        " write before it runs",
        f"add a WHERE for the rows that are meant, by their columns; {delete.at_once}",
    )
