"""Every driver that zdm knows; nothing else names one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zdm.config.settings import NO_DRIVER, Settings
from zdm.rollout.kubernetes import entry as kubernetes
from zdm.rollout.local import entry as local
from zdm.rollout.port import Complain, Driver

if TYPE_CHECKING:
    from zdm.execute.ports import Observer, Platform

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


def platform(settings: Settings, drivers: Drivers = ALL) -> "Platform | None":
    """What runs the application, if zdm is to know it."""
    driver = chosen(settings, drivers)
    return None if driver is None else driver.platform(driver.table(settings))


def announcers(
    settings: Settings, complain: Complain, drivers: Drivers = ALL
) -> "tuple[Observer, ...]":
    """The observers that announce a run in the platform's own tools."""
    driver = chosen(settings, drivers)
    if driver is None or driver.announcers is None:
        return ()
    own = settings.of_driver(driver.settings)
    return () if own is None else driver.announcers(own, complain)  # `platform` refuses that
