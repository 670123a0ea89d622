"""Does a database have rows that a plan would not reach? Asked when it is planned for one."""

from contextlib import closing

from zdm.model.plan import Plan
from zdm.postgres.session import connection, unseen_rows


def check(url: str, plan: Plan) -> None:
    """RefusedError for tables with hidden rows, inheritance children or a subscription."""
    with (
        closing(connection.connect(url, name="plan")) as opened,
        connection.translated("looking for rows that the plan would not reach"),
    ):
        refused = unseen_rows.refusal(opened, plan)
    if refused:
        raise refused
