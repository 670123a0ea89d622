"""The transaction block of each statement of a file, as the runner makes it."""

from collections.abc import Sequence

from zdm.model.rule import Transactions
from zdm.model.statement import Action, ActionKind, Fact
from zdm.parse import transactions
from zdm.parse.transactions import Kind
from zdm.rules import headers

ENDS = (Kind.COMMIT, Kind.ROLLBACK, Kind.PREPARE)


def mode(data: bytes, usual: Transactions) -> Transactions:
    """How the file is run: its own header may say that it gets no transaction."""
    return Transactions.STATEMENT if headers.open_none(data) else usual


def numbers(statements: Sequence[Action], how: Transactions) -> tuple[int | None, ...]:
    """The number of each statement's block, given its first Action; None outside of one. The
    statements that begin and end a block are in it."""
    if how is Transactions.FILE:
        return (0,) * len(statements)
    found: list[int | None] = []
    number, is_open = 0, False
    for action in statements:
        kind = kind_of(action)
        if kind is Kind.BEGIN and not is_open:
            number, is_open = number + 1, True
        found.append(number if is_open else None)
        if kind in ENDS:
            is_open = False
    return tuple(found)


def works(action: Action) -> bool:
    """Whether it does more than SET something or control a transaction."""
    fact = action.fact
    return not isinstance(fact, Fact) or fact.kind not in (
        ActionKind.SET,
        ActionKind.TRANSACTION,
    )


def kind_of(action: Action) -> Kind | None:
    """What the statement does to a transaction."""
    found = transactions.control_of(action)
    return None if found is None else found.kind
