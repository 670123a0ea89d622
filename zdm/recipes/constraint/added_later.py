"""Rows that the train corrects, and that a constraint which it adds later would refuse.

The old version may still write them until it is gone, which is when the constraint is added.
"""

from collections.abc import Iterator, Sequence

from zdm.model.statement import Action, Fact
from zdm.model.syntax import AddConstraint
from zdm.parse import expressions
from zdm.recipes.reading.updates import Update


def breaking(update: Update, later: Sequence[Action]) -> str:
    """A condition on the row: a CHECK on a column that the UPDATE sets refuses it. Empty where
    the train adds none."""
    return " OR ".join(_conditions(update, later))


def _conditions(update: Update, later: Sequence[Action]) -> Iterator[str]:
    targets = {column for column, _ in update.assignments}
    for action in later:
        fact, said = action.fact, action.said
        if not isinstance(fact, Fact) or fact.table != update.table:
            continue
        if not isinstance(said, AddConstraint) or action.statement.vouched:
            continue
        check = said.constraint.expression
        if check is not None and targets & {*expressions.columns(check)}:
            yield f"({expressions.bare(check)}) IS FALSE"
