"""What a DELETE of the author says, and what else happens to a table whose rows are deleted.

A DELETE fires the triggers and rules of others, and the foreign keys that refer to the table
refuse it or act on rows of other tables.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from zdm.model.commands import Work, WorkOn
from zdm.model.expression import Expression, Feature
from zdm.model.schema import Constraint, Name, Snapshot, Table
from zdm.model.sql import ident
from zdm.model.statement import Action, ActionKind
from zdm.parse import expressions, mentioned
from zdm.parse.readers import fired, row_condition
from zdm.recipes.reading import statements
from zdm.schema import family, replication
from zdm.schema.impact.place import is_enforced

Line = tuple[str, str]  # fact and remedy
_OF_ITS_ROW_ALONE = frozenset({Feature.SUBQUERY, Feature.PARAMETER, Feature.WINDOW})
_ACTIONS = {  # what a foreign key does to the rows that refer to a deleted one
    " ON DELETE CASCADE": "are deleted with them",
    " ON DELETE SET NULL": "lose their reference",
    " ON DELETE SET DEFAULT": "get the default reference",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
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


def acting(table: Table, snapshot: Snapshot) -> tuple[tuple[Table, str], ...]:
    """Tables whose rows a foreign key deletes or changes, and what it does to them."""
    return tuple(
        (other, does)
        for other, key in _referring(table, snapshot)
        for word, does in _ACTIONS.items()
        if word in key.definition
    )


def refusing(table: Table, snapshot: Snapshot) -> tuple[Table, ...]:
    """Tables with a foreign key that refuses to delete a row to which theirs refer."""
    return tuple(
        other
        for other, key in _referring(table, snapshot)
        if not any(word in key.definition for word in _ACTIONS)
    )


def _referring(table: Table, snapshot: Snapshot) -> Iterator[tuple[Table, Constraint]]:
    names = {table.name, *family.parents(table)}
    for other in snapshot.tables:
        if other.partition_of is not None:
            continue  # its parent has the same
        for key in other.constraints:
            if key.kind == "foreign key" and key.references in names and is_enforced(key):
                yield other, key


def hazards(table: Table, snapshot: Snapshot) -> tuple[Line, ...]:
    """What others do when rows are deleted."""
    texts = [(t.name, fired.trigger(t.definition)) for t in table.triggers if t.enabled != "D"]
    names = [name for name, text in texts if text.on_delete]
    rules = [rule.name for rule in map(fired.rule, table.rules) if rule.on_delete]
    lines = [
        (
            f"rows of {other.name} that refer to the deleted rows of {table.name} {does}",
            f"count them first, and make sure that both versions understand {other.name} then",
        )
        for other, does in acting(table, snapshot)
    ]
    lines += [
        (
            f"a row of {other.name} that refers to a row to be deleted makes the step fail",
            f"delete or change such rows of {other.name} first, in the same train or before",
        )
        for other in refusing(table, snapshot)
    ]
    if names or rules:
        lines.append(
            (
                f"triggers and rules of {table.name} apply when rows are deleted:"
                f" {', '.join([*names, *rules])}",
                "check that the audit rows, notifications and changes are acceptable",
            )
        )
    return tuple(dict.fromkeys(lines))


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
    if named and not replication.has_identity(table):
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
