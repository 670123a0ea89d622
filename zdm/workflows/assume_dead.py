"""Instances that the operator asserts to be dead, added to the driver's settings. Pure."""

from collections.abc import Iterable

from zdm.config.settings import Settings
from zdm.errors import InputError
from zdm.rollout import registry


def run(
    settings: Settings,
    names: Iterable[str] | None,
    drivers: registry.Drivers = registry.ALL,
) -> Settings:
    """The settings, with the instances that the names are of (`pod/NAME`, …)."""
    words = tuple(names or ())
    if not words:
        return settings
    driver = registry.chosen(settings, drivers)
    if driver is None or driver.assume_dead is None:
        raise InputError(
            f"the rollout driver is `{settings.rollout.driver}`, so there are no pods that"
            " could be dead",
            hint="leave --assume-dead out",
        )
    return settings.with_driver(driver.assume_dead(driver.table(settings), words))
