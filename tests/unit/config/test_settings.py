from datetime import timedelta
from pathlib import Path

import pytest

from tests.golden import Golden
from zdm.config import settings as config
from zdm.config.settings import AlembicSettings, RolloutSettings, Settings
from zdm.errors import InputError
from zdm.rollout import registry
from zdm.rollout.kubernetes.settings import KubernetesSettings, KubernetesWorkload
from zdm.rollout.local.settings import LocalWorkload

FULL = """
database = "postgresql://file@db/shop"
plans = "db/plans"
server_version = 16
shadow_url = "postgresql+psycopg://shadow@db/shadow"
stamp = "after_contract"

[alembic]
ini = "db/alembic.ini"
base = ["0003"]
baseline = "db/baseline.sql"

[rollout]
driver = "local"
old = "v1"
new = "v2"
soak = "30s"
poll_interval = "500ms"
allowed_sessions = ["metabase*"]

[rollout.local]
command = ["python", "-m", "shop", "{port}"]
replicas = 3
first_port = 8001
ready_path = "/ready"
directory = ".zdm"
grace = "10s"
environment = {MODE = "live"}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "zdm.toml"
    file.write_text(text)
    return file


TWO = {name: registry.tables()[name] for name in ("local", "kubernetes")}


def load(folder: Path, **given: str) -> Settings:
    return config.load(directory=folder, environ={}, drivers=TWO, **given)  # type: ignore[arg-type]  # file and database


def test_every_setting_is_read(tmp_path: Path) -> None:
    write(tmp_path, FULL)

    assert load(tmp_path) == Settings(
        root=tmp_path,
        database="postgresql://file@db/shop",
        plans=tmp_path / "db/plans",
        alembic=AlembicSettings(
            ini=tmp_path / "db/alembic.ini",
            base=("0003",),
            baseline=tmp_path / "db/baseline.sql",
        ),
        server_version=16,
        shadow_url="postgresql://shadow@db/shadow",
        stamp="after_contract",
        rollout=RolloutSettings(
            driver="local",
            old="v1",
            new="v2",
            soak=timedelta(seconds=30),
            poll_interval=timedelta(milliseconds=500),
            allowed_sessions=("metabase*",),
        ),
        drivers=(
            LocalWorkload(
                command=("python", "-m", "shop", "{port}"),
                replicas=3,
                first_port=8001,
                ready_path="/ready",
                directory=tmp_path / ".zdm",
                grace=timedelta(seconds=10),
                environment=(("MODE", "live"),),
                root=tmp_path,
            ),
        ),
    )


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    assert load(tmp_path) == Settings(root=tmp_path, plans=tmp_path / "plans")


def test_an_alembic_ini_in_the_root_needs_no_setting(tmp_path: Path) -> None:
    write(tmp_path, "")
    (tmp_path / "alembic.ini").write_text("[alembic]\n")

    assert load(tmp_path).alembic == AlembicSettings(ini=tmp_path / "alembic.ini")


def test_the_file_is_found_from_a_folder_below(tmp_path: Path) -> None:
    write(tmp_path, "")
    below = tmp_path / "src/shop"
    below.mkdir(parents=True)

    assert load(below).root == tmp_path


def test_the_search_ends_at_the_repository(tmp_path: Path) -> None:
    write(tmp_path, "")
    repository = tmp_path / "shop"
    (repository / ".git").mkdir(parents=True)

    assert load(repository).root == repository


def test_a_given_file_wins_over_the_one_in_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "")
    other = tmp_path / "other"
    other.mkdir()
    settings = config.load(
        directory=tmp_path, environ={}, drivers={}, file=write(other, "server_version = 15")
    )

    assert (settings.root, settings.server_version) == (other, 15)


@pytest.mark.parametrize(
    ("given", "environ", "expected"),
    [
        pytest.param("postgresql://option/a", "postgresql://variable/a", "option", id="option"),
        pytest.param(None, "postgresql://variable/a", "variable", id="variable"),
        pytest.param(None, "", "file@db", id="file"),
    ],
)
def test_the_database_comes_from_option_variable_file_in_this_order(
    tmp_path: Path, given: str | None, environ: str, expected: str
) -> None:
    write(tmp_path, FULL)
    settings = config.load(
        directory=tmp_path,
        environ={"ZDM_DATABASE_URL": environ},
        drivers=registry.tables(),
        database=given,
    )

    assert settings.database is not None
    assert settings.database.split("/")[2] == expected


FAULTS = [
    "volume = 11",
    "server_version = '16'",
    "server_version = true",
    "plans = 3",
    "database = 1",
    "stamp = 'now'",
    "[rollout]\nsoak = 30",
    "[rollout]\nsoak = '30 seconds'",
    "[rollout]\ndriver = 'k8s'",
    "[rollout.local]\nreplicas = 2",
    "[rollout.nomad]\njob = 'shop'",
    "[rollout]\nnomad = 'shop'",
    "[rollout.polls]\nnumber = 3",
    "[rollout]\ndriver = 3",
    "[rollout]\nlocal = 'shop'",
    "rollout = 'local'",
    "[rollout]\npolls = 0",
    "[rollout]\nsoak = '-1s'",
    "[rollout]\nsoak = '9000h'",
    "[execute]\nend_blockers_after = '9000h'",
    "[backfill]\nworkers = 5",
    "[backfill]\nrest_per_work = -0.5",
    "[backfill]\nwal_limit_gb = nan",
    "[backfill.gates]\nslot_percent = 101",
    "server_version = 13",
    f"server_version = {'9' * 100}",
    f"server_version = {'9' * 5_000}",
    f"server_version = 0x{'f' * 5_000}",
    f"server_version = {'[' * 5_000}{']' * 5_000}",
    f"server_version{'.a' * 1_000} = 1",
    "[alembic]\nbase = 'abc'\nini = 'alembic.ini'",
    "[alembic]",
    "alembic = 'alembic.ini'",
    "[rollout",
    "database = 'mysql://root:secret@db/shop'",
    "database = 'secret'",
]


def test_a_fault_is_named_with_file_and_key(tmp_path: Path, golden: Golden) -> None:
    answers = []
    for text in FAULTS:
        write(tmp_path, text)
        with pytest.raises(InputError) as caught:
            load(tmp_path)
        message = caught.value.message.replace(str(tmp_path), "")
        answers.append(f"{text:.100}\n  error: {message}\n  hint: {caught.value.hint}\n")

    golden.check("config_faults.txt", "\n".join(answers))


def test_a_missing_file_that_was_asked_for_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.toml cannot be read"):
        config.load(directory=tmp_path, environ={}, drivers={}, file=tmp_path / "gone.toml")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:secret@db:5432/shop?password=secret",
        "postgresql+asyncpg://ann:se@cret@db:5432/shop",
        "host=db port=5432 dbname=shop user=ann password=secret",
        "host=db port=5432 dbname=shop user=ann password='se cret'",
    ],
)
def test_a_password_is_never_shown(url: str) -> None:
    settings = Settings(root=Path(), plans=Path(), database=config.database_url(url))

    assert "cret" not in repr(settings)


KUBERNETES = """
[rollout]
driver = "kubernetes"

[rollout.kubernetes]
namespaces = ["shop"]
secrets = ["db"]
mode = "command"
command = ["helm", "upgrade", "shop", "--set", "tag={version}"]
kubeconfig = "deploy/kubeconfig"
image_error_after = "2m"

[[rollout.kubernetes.workloads]]
kind = "CronJob"
namespace = "shop"
name = "nightly"
images = {v1 = "shop@sha256:aa", v2 = "shop@sha256:bb"}
"""


def test_a_cluster_and_its_workloads_are_read(tmp_path: Path) -> None:
    write(tmp_path, KUBERNETES)
    nightly = KubernetesWorkload(
        kind="CronJob",
        namespace="shop",
        name="nightly",
        images=(("v1", "shop@sha256:aa"), ("v2", "shop@sha256:bb")),
    )

    assert load(tmp_path).of_driver(KubernetesSettings) == KubernetesSettings(
        namespaces=("shop",),
        workloads=(nightly,),
        secrets=("db",),
        mode="command",
        command=("helm", "upgrade", "shop", "--set", "tag={version}"),
        kubeconfig=tmp_path / "deploy/kubeconfig",
        image_error_after=timedelta(minutes=2),
    )


def test_a_kind_of_workload_that_nobody_knows_is_named(tmp_path: Path) -> None:
    write(tmp_path, KUBERNETES.replace("CronJob", "Rollout"))

    with pytest.raises(InputError, match=r"rollout.kubernetes.workloads\[0\].kind must be one"):
        load(tmp_path)


def test_the_table_of_a_driver_that_is_not_chosen_is_kept(tmp_path: Path) -> None:
    write(tmp_path, FULL + KUBERNETES.replace('[rollout]\ndriver = "kubernetes"\n', ""))
    settings = load(tmp_path)

    assert settings.rollout.driver == "local"
    assert settings.of_driver(KubernetesSettings) is not None


def test_the_table_of_a_driver_that_is_not_chosen_is_checked(tmp_path: Path) -> None:
    write(tmp_path, FULL + "[rollout.kubernetes]\nnamespace = 'shop'\n")

    with pytest.raises(InputError, match=r"rollout\.kubernetes\.namespace is not known here"):
        load(tmp_path)
