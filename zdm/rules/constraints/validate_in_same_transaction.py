"""VALIDATE CONSTRAINT in the transaction that holds a strong lock."""

from collections.abc import Iterator

from zdm.model.findings import Severity
from zdm.model.rule import Fix, Planned, Rule, Site, Violation
from zdm.model.statement import ActionKind
from zdm.model.syntax import AlterColumn


def check(site: Site) -> Iterator[Violation]:
    """VALIDATE while writes wait for what the transaction did before."""
    table, block = site.in_use(ActionKind.VALIDATE_CONSTRAINT), site.block
    if table is None:
        return
    held = block.earlier.blocked if block is not None else None
    own = [t.relation for t in site.whole.touches if t.lock.blocks_writes]
    own = [relation for relation in own if not site.is_new(relation)]
    if own:
        yield Violation(
            message=f"another part of the statement locks {own[0]}, until all rows of"
            f" {table.name} are read",
            remedy="VALIDATE CONSTRAINT in a statement and a transaction of its own",
        )
    elif held is not None:
        yield Violation(
            message=f"the transaction holds a lock on {held} since an earlier statement,"
            f" until all rows of {table.name} are read",
            remedy="COMMIT before VALIDATE CONSTRAINT, or put it into a file of its own",
        )


def fix(site: Site) -> Fix | None:
    """The same after the transaction."""
    return Fix(later=(site.action.statement.sql,)) if site.action.count == 1 else None


RULE = Rule(
    slug="validate-in-same-transaction",
    severity=Severity.ERROR,
    planned=Planned.YES,
    title="VALIDATE CONSTRAINT in the transaction that holds a strong lock",
    problem="The lock of the earlier statement is held until all rows are read.",
    postgres=(
        "A lock is held until the end of its transaction; ADD CONSTRAINT … NOT VALID takes "
        "ACCESS EXCLUSIVE or SHARE ROW EXCLUSIVE (14 to 18)."
    ),
    instead="Commit before VALIDATE CONSTRAINT.",
    allow="The table is small, and a lock_timeout is set.",
    on=(AlterColumn,),
    check=check,
    fix=fix,
)
