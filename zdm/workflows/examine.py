"""Everything `zdm doctor` looks at: the database, the Alembic project, the platform."""

from pathlib import Path

from zdm.config.settings import RolloutSettings, Settings
from zdm.errors import InputError
from zdm.model import diagnosis
from zdm.model.diagnosis import Diagnosis
from zdm.model.plan import Plan
from zdm.model.release import Version
from zdm.postgres.doctor import checks as database
from zdm.revisions import doctor as project
from zdm.rollout import registry
from zdm.workflows import plan_files


def run(
    settings: Settings, plan: Path | None, drivers: registry.Drivers = registry.ALL
) -> tuple[Diagnosis, ...]:
    """Every check that the settings allow; what cannot be checked is reported."""
    return (
        *_database(settings, None if plan is None else plan_files.read_plan(plan)),
        *project.examine(settings),
        *_platform(settings, drivers),
    )


def _database(settings: Settings, plan: Plan | None) -> tuple[Diagnosis, ...]:
    if settings.database is None:
        return (
            diagnosis.warning(
                "database",
                "no database is given, so none was checked",
                "give --database URL, or set ZDM_DATABASE_URL",
            ),
        )
    blind = settings.backfill.gates.blind
    rollout = settings.rollout
    allowed = rollout.allowed_sessions if rollout.sessions == "block" else None
    return database.examine(settings.database, plan, blind=blind, allowed_sessions=allowed)


def _platform(settings: Settings, drivers: registry.Drivers) -> tuple[Diagnosis, ...]:
    driver = registry.chosen(settings, drivers)
    if driver is None:
        return (
            diagnosis.warning(
                "platform",
                "no rollout driver is set, so zdm cannot see when the old version is gone",
                "declare one in [rollout] of zdm.toml, or run with --assume-deployed",
            ),
        )
    try:
        own = driver.table(settings)
    except InputError as error:
        return (diagnosis.failed("platform", error.message, error.hint),)
    return (*_names(settings.rollout), *driver.doctor(own, settings.rollout))


def _names(rollout: RolloutSettings) -> tuple[Diagnosis, ...]:
    if not Version(rollout.new).is_placeholder:
        return ()
    said = f"no name is set for the new version, and the default, {rollout.new}, is refused"
    remedy = "set `old` and `new` in [rollout] to the names of the two versions"
    return (diagnosis.failed("version names", said, remedy),)
