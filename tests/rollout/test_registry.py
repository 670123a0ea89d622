"""A driver is an entry in the registry: with one more, everything that asks drivers asks it."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from tests.fakes.platform import FakePlatform
from zdm.config import settings as config
from zdm.config.settings import RolloutSettings, Settings
from zdm.errors import InputError
from zdm.execute.events import Event
from zdm.execute.ports import Observer, Platform
from zdm.model import diagnosis
from zdm.model.diagnosis import Diagnosis
from zdm.model.ranges import Delay, Range
from zdm.rollout import registry
from zdm.rollout.port import Complain, Document, Driver, JobRequest
from zdm.workflows import assume_dead, examine, job_manifest

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "plans/0007_drop_email.yaml"


class ToySettings(Struct, frozen=True, kw_only=True):
    """Of [rollout.toy]."""

    boxes: Annotated[int, Range(1, 9)]
    folder: Path = Path()
    grace: Delay = timedelta(seconds=1)
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """Satisfies Observer."""

    boxes: int

    def notify(self, event: Event) -> None:
        """Nothing is done with it."""


def platform(settings: ToySettings) -> Platform:
    return FakePlatform(left_over=f"{settings.boxes} boxes")


def doctor(settings: ToySettings, rollout: RolloutSettings) -> tuple[Diagnosis, ...]:
    return (diagnosis.ok("toy", f"{settings.boxes} boxes for {rollout.new}"),)


def announcers(settings: ToySettings, _complain: Complain) -> tuple[Observer, ...]:
    return (Told(settings.boxes),)


def lose(settings: ToySettings, words: tuple[str, ...]) -> ToySettings:
    return replace(settings, lost=(*settings.lost, *words))


def manifest(settings: ToySettings, request: JobRequest) -> dict[str, Document]:
    return {"job": {"boxes": settings.boxes, "plan": request.plan}}


PLAIN = Driver(name="toy", settings=ToySettings, platform=platform, doctor=doctor)
FULL = replace(PLAIN, announcers=announcers, assume_dead=lose, manifest=manifest)
WITH_TOY = (*registry.ALL, FULL)
TOML = '[rollout]\ndriver = "toy"\nnew = "v2"\n[rollout.toy]\nboxes = 3\n'


def load(folder: Path, text: str = TOML, drivers: registry.Drivers = WITH_TOY) -> Settings:
    (folder / "zdm.toml").write_text(text)
    return config.load(directory=folder, environ={}, drivers=registry.tables(drivers))


def ignore(text: str) -> None:
    del text


def asked(folder: Path) -> job_manifest.Asked:
    return job_manifest.Asked(plan=PLAN, image="zdm:1", settings_file=folder / "zdm.toml")


def test_its_table_is_read_by_its_own_type(tmp_path: Path) -> None:
    assert load(tmp_path).of_driver(ToySettings) == ToySettings(boxes=3, folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("boxes = 0", r"rollout\.toy\.boxes must be at least 1, not 0"),
        ("boxes = 3\nbox = 1", r"rollout\.toy\.box is not known here; known are boxes, folder"),
        ("", r"rollout\.toy lacks the key boxes"),
    ],
)
def test_its_table_is_checked(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, TOML.replace("boxes = 3", text))


def test_without_it_neither_its_name_nor_its_table_is_known(tmp_path: Path) -> None:
    known = ", ".join(registry.tables())
    with pytest.raises(InputError, match=rf"rollout\.toy is not a driver; known are {known}"):
        load(tmp_path, drivers=registry.ALL)
    with pytest.raises(InputError, match=rf"must be one of none, {known}, not 'toy'"):
        load(tmp_path, '[rollout]\ndriver = "toy"\n', registry.ALL)


def test_its_platform_is_made_from_its_settings(tmp_path: Path) -> None:
    made: Any = registry.platform(load(tmp_path), WITH_TOY)

    assert made == FakePlatform(left_over="3 boxes")


def test_without_its_table_there_is_no_platform(tmp_path: Path) -> None:
    settings = load(tmp_path, '[rollout]\ndriver = "toy"\n')

    with pytest.raises(InputError, match=r"driver is `toy`, and \[rollout\.toy\] is missing"):
        registry.platform(settings, WITH_TOY)


def test_its_announcers_watch_the_run(tmp_path: Path) -> None:
    assert registry.announcers(load(tmp_path), ignore, WITH_TOY) == (Told(3),)
    assert registry.announcers(load(tmp_path), ignore, (PLAIN,)) == ()


def test_its_doctor_is_asked(tmp_path: Path) -> None:
    found = examine.run(load(tmp_path), None, WITH_TOY)

    assert diagnosis.ok("toy", "3 boxes for v2") in found


def test_a_missing_table_is_a_failed_check(tmp_path: Path) -> None:
    [*_, found] = examine.run(load(tmp_path, '[rollout]\ndriver = "toy"\n'), None, WITH_TOY)

    assert found.verdict is diagnosis.Verdict.FAILED
    assert "[rollout.toy] is missing" in found.said


def test_it_says_which_of_its_instances_are_lost(tmp_path: Path) -> None:
    settings = assume_dead.run(load(tmp_path), ("box/2",), WITH_TOY)

    assert settings.of_driver(ToySettings) == ToySettings(
        boxes=3, folder=tmp_path, lost=("box/2",)
    )


def test_it_prints_its_own_manifest(tmp_path: Path) -> None:
    printed = job_manifest.run(load(tmp_path), asked(tmp_path), WITH_TOY)

    assert printed == {"job": {"boxes": 3, "plan": "0007_drop_email"}}


def test_what_it_does_not_offer_is_refused(tmp_path: Path) -> None:
    settings = load(tmp_path)
    with pytest.raises(InputError, match="the rollout driver is `toy`, so there are no pods"):
        assume_dead.run(settings, ("box/2",), (PLAIN,))
    with pytest.raises(InputError, match="the rollout driver is `toy`, so there are no workl"):
        job_manifest.run(settings, asked(tmp_path), (PLAIN,))
