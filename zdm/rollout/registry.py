"""Every driver that zdm knows; nothing else names one."""

from collections.abc import Sequence
from typing import Any

from zdm.config.settings import NO_DRIVER, Settings
from zdm.rollout.kubernetes import entry as kubernetes
from zdm.rollout.local import entry as local
from zdm.rollout.port import Driver

Drivers = Sequence[Driver[Any]]

ALL: Drivers = (
    local.DRIVER,
    kubernetes.DRIVER,
)


def tables(drivers: Drivers = ALL) -> dict[str, type]:
    """The types of their settings, by the names of their tables in [rollout]."""
    return {driver.name: driver.settings for driver in drivers}


def chosen(settings: Settings, drivers: Drivers = ALL) -> Driver[Any] | None:
    """The driver that the settings choose; None where a person deploys."""
    if settings.rollout.driver == NO_DRIVER:
        return None
    return {driver.name: driver for driver in drivers}[settings.rollout.driver]
