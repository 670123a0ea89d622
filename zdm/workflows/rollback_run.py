"""Roll back the database's unfinished run, with the plan that the journal holds."""

from contextlib import closing

from zdm.errors import RefusedError
from zdm.execute import rollback
from zdm.execute.world import Options, World
from zdm.model.release import RunState
from zdm.postgres.journal import runs
from zdm.postgres.session import connection, pins
from zdm.postgres.session.connection import Connection
from zdm.serialize import plan_file


def run(url: str, world: World, options: Options) -> RunState:
    """Undo the run; RefusedError if there is none, or it cannot be undone.

    The last run may be rolled back already, if this command was interrupted before.
    """
    with (
        closing(connection.connect(url, name="rollback")) as opened,
        connection.translated("reading the journal"),
        opened.transaction(),
    ):
        pins.pin_transaction(opened)
        found = runs.unfinished(opened)
        if found is None and _is_rolled_back(opened):
            return RunState.REVERTED
        if found is None:
            raise RefusedError("no run is unfinished, so there is nothing to roll back")
        text = runs.plan_text(opened, found.id)
    plan = plan_file.loads(text, f"the plan of run {found.id}")
    return rollback.revert(plan, world, options)


def _is_rolled_back(opened: Connection) -> bool:
    last = runs.latest(opened)
    return last is not None and last.state is RunState.REVERTED
