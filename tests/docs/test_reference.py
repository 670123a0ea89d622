import re
from pathlib import Path

import pytest
from msgspec import Struct

from tests.docs import generate
from zdm import errors
from zdm.config import settings as config
from zdm.config.settings import (
    AlembicSettings,
    BackfillGates,
    BackfillSettings,
    CheckSettings,
    ExecuteSettings,
    RolloutSettings,
    Settings,
)
from zdm.model.plan import AwaitRollout, Backfill, Plan, RunSql
from zdm.rollout import registry
from zdm.rollout.kubernetes.settings import KubernetesSettings, KubernetesWorkload
from zdm.rollout.local.settings import LocalWorkload

REFERENCE = generate.REFERENCE


def words(page: str) -> set[str]:
    """Everything that a page sets in code."""
    return set(re.findall(r"`([\w.]+)`", (REFERENCE / page).read_text(encoding="utf-8")))


def names(kind: type[Struct]) -> set[str]:
    return {*kind.__struct_fields__}


def test_generated_pages_are_what_the_code_gives() -> None:
    assert generate.stale() == []


def test_every_exit_code_is_documented() -> None:
    text = (REFERENCE / "exit-codes.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| (\d+) \|", text, re.MULTILINE))
    kinds: list[type[errors.ZdmError]] = [
        errors.ZdmError,
        *errors.ZdmError.__subclasses__(),
    ]

    assert documented == {"0", "130"} | {str(kind.exit_code) for kind in kinds}


@pytest.mark.parametrize("kind", [Plan, RunSql, Backfill, AwaitRollout])
def test_every_key_of_a_plan_file_is_documented(kind: type[Struct]) -> None:
    assert names(kind) - {"operation", "key"} - words("planfile.md") == set()


TABLES = {"root", "alembic", "rollout", "execute", "backfill", "check", "drivers"}


def test_every_setting_is_documented() -> None:
    keys = (
        (
            names(Settings)
            - {"root", "alembic", "rollout", "execute", "backfill", "check", "drivers"}
        )
        | {f"alembic.{name}" for name in names(AlembicSettings)}
        | {f"backfill.{name}" for name in names(BackfillSettings) - {"gates"}}
        | {f"backfill.gates.{name}" for name in names(BackfillGates)}
        | {f"check.{name}" for name in names(CheckSettings)}
        | {f"execute.{name}" for name in names(ExecuteSettings)}
        | {f"rollout.{name}" for name in names(RolloutSettings)}
    )

    assert keys - words("config.md") == set()


def test_every_setting_of_the_driver_kubernetes_is_documented(tmp_path: Path) -> None:
    text = (REFERENCE.parent / "drivers" / "kubernetes.md").read_text(encoding="utf-8")
    listed = {
        word
        for row in re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
        for word in re.findall(r"`(\w+)`", row)
    }
    (tmp_path / "zdm.toml").write_text(re.findall(r"```toml\n(.*?)```", text, re.DOTALL)[0])
    settings = config.load(directory=tmp_path, environ={}, drivers=registry.tables())

    assert (names(KubernetesSettings) | names(KubernetesWorkload)) - listed == set()
    assert settings.of_driver(KubernetesSettings) is not None


def test_the_example_of_settings_can_be_read(tmp_path: Path) -> None:
    text = (REFERENCE / "config.md").read_text(encoding="utf-8")
    example = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)[0]
    (tmp_path / "zdm.toml").write_text(example)
    settings = config.load(directory=tmp_path, environ={}, drivers=registry.tables())

    assert settings.of_driver(LocalWorkload) is not None


def test_operating_has_a_heading_for_each_exit_code() -> None:
    page = (REFERENCE.parent / "operating.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^## Exit (\d+)", page, re.MULTILINE))
    listed = (REFERENCE / "exit-codes.md").read_text(encoding="utf-8")

    assert headings == set(re.findall(r"^\| (\d+) \|", listed, re.MULTILINE))
