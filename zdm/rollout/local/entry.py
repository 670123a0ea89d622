"""The driver `local`, as the registry has it."""

from typing import TYPE_CHECKING

from zdm.config.settings import RolloutSettings
from zdm.rollout.local.settings import LocalWorkload
from zdm.rollout.port import Driver

if TYPE_CHECKING:
    from zdm.execute.ports import Platform
    from zdm.model.diagnosis import Diagnosis


def _platform(settings: LocalWorkload) -> "Platform":
    from zdm.rollout.local import driver

    return driver.Local(workload=settings)


def _doctor(_settings: LocalWorkload, _rollout: RolloutSettings) -> "tuple[Diagnosis, ...]":
    from zdm.model import diagnosis

    return (diagnosis.ok("platform", "the driver `local` supervises processes here"),)


DRIVER = Driver(name="local", settings=LocalWorkload, platform=_platform, doctor=_doctor)
