"""What a live database says when a plan is made for it; nothing is written."""

from contextlib import closing

from zdm.model.plan import Plan
from zdm.model.schema import Name, Snapshot
from zdm.postgres.catalog import read
from zdm.postgres.session import connection, early_checks, owners, unseen_rows


def schema(url: str, version_table: Name | None = None) -> Snapshot:
    """Its schema as a frozen value, without Alembic's version table."""
    with closing(connection.connect(url, name="snapshot")) as opened:
        return read.read(opened, version_table=version_table)


def missing_rights(url: str, plan: Plan) -> tuple[str, ...]:
    """A line where the role does not own tables that steps alter, and one where a new owner
    would lack what it needs; a plan may be made by another role than the one that executes
    it."""
    with (
        closing(connection.connect(url, name="plan")) as opened,
        connection.translated("looking at the rights of roles"),
    ):
        found = (
            owners.refusal(opened, plan),
            early_checks.refusal(opened, plan, "start"),
        )
    return tuple(f"{one.message}; to execute it, {one.hint}" for one in found if one)


def refuse_unseen_rows(url: str, plan: Plan) -> None:
    """RefusedError for tables with hidden rows, inheritance children or a subscription, whose
    rows the plan would not reach."""
    with (
        closing(connection.connect(url, name="plan")) as opened,
        connection.translated("looking for rows that the plan would not reach"),
    ):
        refused = unseen_rows.refusal(opened, plan)
    if refused:
        raise refused
