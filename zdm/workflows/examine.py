"""Everything `zdm doctor` looks at: the database, the Alembic project, the platform."""

import os
from collections.abc import Callable
from pathlib import Path

from zdm.config.settings import KubernetesSettings, RolloutSettings, Settings
from zdm.errors import ZdmError
from zdm.model import diagnosis
from zdm.model.diagnosis import Diagnosis
from zdm.model.release import Version
from zdm.model.schema import Name
from zdm.postgres.doctor import checks as database
from zdm.revisions import doctor as project
from zdm.rollout.kubernetes import doctor, doctor_checks
from zdm.rollout.kubernetes.api import ClusterApi
from zdm.workflows import job_manifest, plan_files


def run(
    settings: Settings, plan: Path | None, connect: Callable[[KubernetesSettings], ClusterApi]
) -> tuple[Diagnosis, ...]:
    """Every check that the settings allow; what cannot be asked is said."""
    tables = None if plan is None else _tables(plan)
    return (
        *_database(settings, tables),
        *project.examine(settings),
        *_platform(settings.rollout, connect),
    )


def _tables(file: Path) -> tuple[Name, ...]:
    """The tables that stand before the plan and that it locks."""
    plan = plan_files.read_plan(file)
    return tuple(sorted({lock.table for step in plan.steps for lock in step.locks}))


def _database(settings: Settings, tables: tuple[Name, ...] | None) -> tuple[Diagnosis, ...]:
    if settings.database is None:
        return (
            diagnosis.warning(
                "database",
                "no database is named, so none was asked",
                "give --database URL, or set ZDM_DATABASE_URL",
            ),
        )
    blind = settings.backfill.gates.blind
    return database.examine(settings.database, tables, blind=blind)


def _platform(
    rollout: RolloutSettings, connect: Callable[[KubernetesSettings], ClusterApi]
) -> tuple[Diagnosis, ...]:
    match rollout.driver:
        case "none":
            return (
                diagnosis.warning(
                    "platform",
                    "no rollout driver is set, so zdm cannot see when the old version is gone",
                    "declare one in [rollout] of zdm.toml, or run with --assume-deployed",
                ),
            )
        case "local":
            return (diagnosis.ok("platform", "the driver `local` supervises processes here"),)
        case "kubernetes":
            return _cluster(rollout, connect)


def _cluster(
    rollout: RolloutSettings, connect: Callable[[KubernetesSettings], ClusterApi]
) -> tuple[Diagnosis, ...]:
    settings = rollout.kubernetes
    if settings is None:
        return (
            diagnosis.failed(
                "platform",
                "the rollout driver is `kubernetes`, and [rollout.kubernetes] is missing",
                "see docs/drivers/kubernetes.md for its settings",
            ),
        )
    try:
        api = connect(settings)
    except ZdmError as error:
        return (diagnosis.failed("cluster", error.message, error.hint),)
    versions = (Version(rollout.old), Version(rollout.new))
    cluster = doctor.ClusterOfSettings(settings, api, versions)
    own = os.environ.get("POD_NAMESPACE", "")  # set in the Job that `zdm manifest` prints
    return doctor_checks.examine(cluster, job_manifest.scope(settings, own))
