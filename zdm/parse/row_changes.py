"""INSERT, UPDATE, DELETE and MERGE in a statement: the statement itself, and those in WITH."""

from collections.abc import Iterator
from dataclasses import dataclass

from zdm.model.commands import Work, WorkOn
from zdm.model.expression import Expression
from zdm.model.statement import Action
from zdm.model.syntax import Insert, Read, Update
from zdm.parse import trees
from zdm.parse.readers import statements

SAID = (Insert, Update, WorkOn, Read)  # what `Action.said` may be where rows are changed
_NODES = {
    "Insert": "InsertStmt",
    "Update": "UpdateStmt",
    Work.DELETE: "DeleteStmt",
    Work.MERGE: "MergeStmt",
}
_JOINED = ("fromClause", "usingClause")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """One of them. `joined`: rows of other tables choose which it changes."""

    said: Insert | Update | WorkOn
    joined: bool

    @property
    def where(self) -> Expression | None:
        """Its condition, if it has one."""
        return None if isinstance(self.said, Insert) else self.said.where

    @property
    def is_merge(self) -> bool:
        """Whether it is a MERGE."""
        return isinstance(self.said, WorkOn) and self.said.work is Work.MERGE

    @property
    def written_out(self) -> bool:
        """Whether it is an INSERT of rows that it spells out, which are few."""
        return isinstance(self.said, Insert) and self.said.written_out


def of(action: Action) -> Iterator[RowChange]:
    """All of a statement, those in WITH after the statement itself."""
    said = action.said
    if not isinstance(said, SAID):
        return
    name = said.work if isinstance(said, WorkOn) else type(said).__name__
    root = _NODES.get(name, "")
    for key, node in trees.walk({root or "query": action.tree}):
        found = statements.read(key, node) if key in _NODES.values() else None
        if isinstance(found, Insert | Update | WorkOn):
            yield RowChange(said=found, joined=any(node.get(name) for name in _JOINED))
